/**
 * The socket a server listens on: http or https, what a connection may take, and a certificate that may be renewed.
 */
import { createServer, type Server as HttpServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { messageOf } from '../errors/limpid-error.js';
import type { Log } from '../log/log.js';
import { networkOf } from './address-limits.js';
import { type Certificate, readCertificate, sameCertificate } from './certificate.js';
import type { ServerSettings } from './server-settings.js';

/** Connections beyond those of the clients that watch: every viewer also loads the page and asks now and then. */
const SPARE_CONNECTIONS = 256;
const SPARE_CONNECTIONS_PER_ADDRESS = 64;
/** How long a caller may take to say what it wants, ms. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
const MAX_HEADER_BYTES = 16 * 1024;
const CONNECTION_CHECK_INTERVAL_MS = 2_000;

/** Makes the http or https server of a web server, and looks after its certificate. */
export class Listener {
  readonly secure: boolean;
  #settings: ServerSettings;
  readonly #log: Log;
  #certificate: Certificate | undefined;
  #server: HttpServer | undefined;
  #tlsServer: TlsServer | undefined;
  #timer: NodeJS.Timeout | undefined;

  private constructor(settings: ServerSettings, certificate: Certificate | undefined, log: Log) {
    this.#settings = settings;
    this.#certificate = certificate;
    this.#log = log;
    this.secure = certificate !== undefined;
  }

  /** Rejects with ERR_CONFIG when the certificate is not usable. */
  static async open(settings: ServerSettings, log: Log): Promise<Listener> {
    return new Listener(settings, settings.tls === undefined ? undefined : await readCertificate(settings.tls), log);
  }

  /** The server, not yet listening; called once. */
  createServer(onRequest: RequestListener): HttpServer {
    const { idleTimeoutMs, maxClients, tls } = this.#settings;
    const options = {
      keepAliveTimeout: idleTimeoutMs,
      headersTimeout: Math.min(HEADERS_TIMEOUT_MS, REQUEST_TIMEOUT_MS),
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: CONNECTION_CHECK_INTERVAL_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
    };
    let server: HttpServer;
    if (this.#certificate === undefined || tls === undefined) {
      server = createServer(options, onRequest);
    } else {
      this.#tlsServer = createTlsServer({ ...options, ...this.#certificate, minVersion: 'TLSv1.2' }, onRequest);
      this.#timer = setInterval(() => void this.renew(), tls.reloadIntervalMs);
      this.#timer.unref();
      server = this.#tlsServer;
    }
    server.maxConnections = maxClients + SPARE_CONNECTIONS;
    server.on('connection', this.#admit());
    this.#server = server;
    return server;
  }

  /** Goes by other limits of connections from now on. */
  update(settings: ServerSettings): void {
    this.#settings = settings;
    if (this.#server !== undefined) this.#server.maxConnections = settings.maxClients + SPARE_CONNECTIONS;
  }

  /** Takes a renewed certificate for the connections to come; an unusable one is told and the old one kept. */
  async renew(): Promise<void> {
    const { tls } = this.#settings;
    if (tls === undefined || this.#certificate === undefined) {
      return;
    }
    try {
      const certificate = await readCertificate(tls);
      if (!sameCertificate(certificate, this.#certificate)) {
        this.#tlsServer?.setSecureContext(certificate);
        this.#certificate = certificate;
        this.#log.info('the renewed TLS certificate is in use');
      }
    } catch (error) {
      this.#log.error(`the TLS certificate in use is kept: ${messageOf(error)}`);
    }
  }

  /** Stops looking for certificates. Idempotent. */
  dispose(): void {
    clearInterval(this.#timer);
  }

  /** Cuts connections of an address that has too many, before anything of them is read. */
  #admit(): (socket: Socket) => void {
    const open = new Map<string, number>();
    return (socket) => {
      const { maxClientsPerAddress, trustedProxies } = this.#settings;
      const network = networkOf(socket.remoteAddress ?? '');
      const connections = (open.get(network) ?? 0) + 1;
      const most = maxClientsPerAddress + SPARE_CONNECTIONS_PER_ADDRESS;
      if (connections > most && !trustedProxies.some((proxy) => networkOf(proxy) === network)) {
        socket.destroy();
        return;
      }
      open.set(network, connections);
      socket.once('close', () => {
        const left = (open.get(network) ?? 1) - 1;
        if (left === 0) {
          open.delete(network);
        } else {
          open.set(network, left);
        }
      });
    };
  }
}
