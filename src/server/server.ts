/**
 * The web server: the viewer page, the HTTP endpoints and the WebSocket of running streams.
 *
 *     LiveStream ─▶ hub ─┬─▶ feed per view (one encode) ─┬─▶ WebSocket clients
 *                        │                               └─▶ MJPEG clients
 *                        └─▶ health, metrics, snapshots
 */
import { isDeepStrictEqual } from 'node:util';
import { type FastifyInstance, fastify } from 'fastify';
import { LimpidError, messageOf } from '../errors/limpid-error.js';
import type { LiveStream } from '../frame/live-stream.js';
import type { Log } from '../log/log.js';
import { redactUri } from '../log/redact.js';
import { Access, assertBindAllowed, isLoopback, type Refusal } from './access.js';
import { refuse } from './guard.js';
import { openH264Encoder } from './h264-encoder.js';
import { addHttpRoutes } from './http-routes.js';
import { type ClientStatus, Hub } from './hub.js';
import { createJpegEncoder, jpegPictures } from './jpeg-encoder.js';
import { Listener } from './listener.js';
import { Metrics } from './metrics.js';
import { SECURITY_HEADERS } from './security-headers.js';
import { parseServerSettings, type ServerSettings, type ServerSettingsInput } from './server-settings.js';
import type { StreamControl } from './stream-control.js';
import { readViewerFiles, VIEWER_DIRECTORY } from './viewer-files.js';
import { createWebSocketEndpoint } from './ws-endpoint.js';

/** Settings that are read when the server starts. */
const FIXED_SETTINGS = [
  'host',
  'port',
  'tls',
  'idleTimeoutMs',
  'jpegQuality',
  'h264Crf',
  'h264MaxBitrateKbps',
  'maxMessageBytes',
] as const;

/** What a server serves, beside its settings. */
export interface StartServerOptions extends ServerSettingsInput {
  readonly streams: readonly LiveStream[];
  readonly log: Log;
  /** What may be done to the streams over HTTP; absent: nothing. */
  readonly control?: StreamControl;
  /** Folder of the built viewer; default: beside the compiled server. */
  readonly viewerDirectory?: string;
}

/** A server that listens. */
export interface RunningServer {
  /** Where a browser on this machine finds the viewer, without a trailing slash. */
  readonly url: string;
  readonly port: number;
  /** Everybody who is watching. */
  clients(): readonly ClientStatus[];
  /** Shows one more stream. */
  addStream(stream: LiveStream): void;
  /** Shows a stream no longer, and sends its clients away. */
  removeStream(name: string): void;
  /**
   * Goes by other settings from now on: tokens, origins, hosts and limits. Throws ERR_CONFIG for settings that are not
   * allowed. Returns the names of changed settings that need a new start.
   */
  update(input: ServerSettingsInput): readonly string[];
  /** Looks for a renewed TLS certificate now. */
  renewCertificate(): Promise<void>;
  /** Says goodbye to all clients and stops listening. Idempotent. */
  close(): Promise<void>;
}

/**
 * Starts a web server; resolves when it listens.
 *
 * Rejects with ERR_CONFIG (bad settings, or other than loopback without a token) and ERR_PORT_IN_USE.
 */
export async function startServer(options: StartServerOptions): Promise<RunningServer> {
  const { streams, log, viewerDirectory = VIEWER_DIRECTORY, control, ...input } = options;
  let settings = parseServerSettings(input);
  assertBindAllowed(settings);
  const listener = await Listener.open(settings, log);
  const viewer = await readViewerFiles(viewerDirectory);
  const access = new Access(settings);
  const onEncoded = (elapsedMs: number) => metrics.observeEncode(elapsedMs);
  const { jpegQuality, h264Crf: crf, h264MaxBitrateKbps: maxBitrateKbps } = settings;
  const encoders = {
    jpeg: jpegPictures(createJpegEncoder(jpegQuality, onEncoded)),
    h264: () => openH264Encoder({ crf, maxBitrateKbps, onEncoded }),
  };
  const { maxClients, maxClientsPerAddress } = settings;
  const hub = new Hub(streams, { encoders, maxClients, maxClientsPerAddress, log });
  const metrics = new Metrics(hub);
  const shared = { hub, access, settings: () => settings, log };

  const app = fastify({
    logger: false,
    bodyLimit: 16 * 1024,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 200 },
    serverFactory: (onRequest) => listener.createServer(onRequest),
  });
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(SECURITY_HEADERS);
    const refusal = access.checkCaller(request.raw) ?? checkTarget(request.url);
    if (refusal !== undefined) {
      return refuse(reply, refusal);
    }
  });
  app.addHook('onResponse', async (request, reply) => {
    log.debug(`${request.method} ${redactUri(request.url)} → ${reply.statusCode}`);
  });
  addHttpRoutes(app, { ...shared, metrics, viewer, control });
  app.server.on('upgrade', createWebSocketEndpoint(shared));
  try {
    await app.listen({ host: settings.host, port: settings.port });
  } catch (error) {
    metrics.dispose();
    listener.dispose();
    throw listenError(error, settings);
  }
  const ticks = setInterval(() => {
    for (const client of hub.clients) {
      client.tick();
    }
  }, 1000);
  ticks.unref();

  const port = portOf(app, settings);
  let closing: Promise<void> | undefined;
  return {
    url: `${listener.secure ? 'https' : 'http'}://${urlHost(settings.host)}:${port}`,
    port,
    clients: () => [...hub.clients].map((client) => client.status()),
    addStream(stream) {
      hub.add(stream);
      metrics.watch(stream);
    },
    removeStream(name) {
      hub.remove(name);
      metrics.unwatch(name);
    },
    update(nextInput) {
      const next = parseServerSettings(nextInput);
      assertBindAllowed({ ...next, host: settings.host });
      const fixed = FIXED_SETTINGS.filter((key) => !isDeepStrictEqual(settings[key], next[key]));
      const kept = Object.fromEntries(FIXED_SETTINGS.map((key) => [key, settings[key]]));
      settings = { ...next, ...kept };
      access.update(settings);
      listener.update(settings);
      hub.update(settings);
      return fixed;
    },
    renewCertificate: () => listener.renew(),
    close() {
      listener.dispose();
      closing ??= closeAll(app, hub, metrics, ticks);
      return closing;
    },
  };
}

/** Refuses what is neither a path nor a URL (RFC 9112, 3.2): the router would take `*` for the page. */
function checkTarget(target: string): Refusal | undefined {
  return /^(\/|https?:\/\/)/i.test(target)
    ? undefined
    : { status: 400, message: 'Expected the request to name a path that begins with a slash' };
}

async function closeAll(app: FastifyInstance, hub: Hub, metrics: Metrics, ticks: NodeJS.Timeout): Promise<void> {
  clearInterval(ticks);
  for (const client of hub.clients) {
    client.close();
  }
  await app.close();
  metrics.dispose();
}

function listenError(error: unknown, { host, port }: ServerSettings): LimpidError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'EADDRINUSE':
      return new LimpidError(
        'ERR_PORT_IN_USE',
        `Expected port ${port} on ${host} to be free but another program listens there; choose another one with --port`,
        { cause: error },
      );
    case 'EACCES':
      return new LimpidError(
        'ERR_CONFIG',
        `Expected a port this user may open but received ${port}; choose one above 1023 with --port`,
        { cause: error },
      );
    default:
      return new LimpidError('ERR_CONFIG', `Expected to listen on ${host}:${port} but ${messageOf(error)}`, {
        cause: error,
      });
  }
}

function portOf(app: FastifyInstance, settings: ServerSettings): number {
  const address = app.server.address();
  return typeof address === 'object' && address !== null ? address.port : settings.port;
}

/** How a browser on this machine writes the address. */
function urlHost(host: string): string {
  if (isLoopback(host)) {
    return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  }
  return host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
}
