/**
 * The web server: the viewer page, the HTTP endpoints and the WebSocket of running streams.
 *
 *     LiveStream ─▶ hub ─┬─▶ feed per view (one encode) ─┬─▶ WebSocket clients
 *                        │                               └─▶ MJPEG clients
 *                        └─▶ health, metrics, snapshots
 */
import { type FastifyInstance, fastify } from 'fastify';
import { LimpidError, messageOf } from '../errors/limpid-error.js';
import type { LiveStream } from '../frame/live-stream.js';
import type { Log } from '../log/log.js';
import { redactUri } from '../log/redact.js';
import { assertBindAllowed, createAccess, isLoopback } from './access.js';
import { addHttpRoutes, sendError } from './http-routes.js';
import { type ClientStatus, Hub } from './hub.js';
import { createJpegEncoder } from './jpeg-encoder.js';
import { Metrics } from './metrics.js';
import { SECURITY_HEADERS } from './security-headers.js';
import { parseServerSettings, type ServerSettings, type ServerSettingsInput } from './server-settings.js';
import { readViewerFiles, VIEWER_DIRECTORY } from './viewer-files.js';
import { createWebSocketEndpoint } from './ws-endpoint.js';

/** Connections beyond those of the clients that watch. */
const SPARE_CONNECTIONS = 256;

/** What a server serves, beside its settings. */
export interface StartServerOptions extends ServerSettingsInput {
  readonly streams: readonly LiveStream[];
  readonly log: Log;
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
  /** Says goodbye to all clients and stops listening. Idempotent. */
  close(): Promise<void>;
}

/**
 * Starts a web server; resolves when it listens.
 *
 * Rejects with ERR_CONFIG (bad settings, or other than loopback without a token) and ERR_PORT_IN_USE.
 */
export async function startServer(options: StartServerOptions): Promise<RunningServer> {
  const { streams, log, viewerDirectory = VIEWER_DIRECTORY, ...input } = options;
  const settings = parseServerSettings(input);
  assertBindAllowed(settings);
  const viewer = await readViewerFiles(viewerDirectory);
  const access = createAccess(settings);
  const metrics = new Metrics(streams, () => hub);
  const encode = createJpegEncoder(settings.jpegQuality, (elapsedMs) => metrics.observeEncode(elapsedMs));
  const hub = new Hub(streams, encode, settings.maxClients, log);

  const app = fastify({
    logger: false,
    bodyLimit: 16 * 1024,
    requestTimeout: 30_000,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 200 },
  });
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(SECURITY_HEADERS);
    const refusal = access.checkHost(request.raw);
    if (refusal !== undefined) {
      return sendError(reply, refusal.status, refusal.message);
    }
  });
  app.addHook('onResponse', async (request, reply) => {
    log.debug(`${request.method} ${redactUri(request.url)} → ${reply.statusCode}`);
  });
  addHttpRoutes(app, { hub, access, metrics, settings, viewer, log });
  // Every viewer also loads the page and asks now and then; beyond that, connections are refused.
  app.server.maxConnections = settings.maxClients + SPARE_CONNECTIONS;
  app.server.on('upgrade', createWebSocketEndpoint({ hub, access, settings, log }));
  try {
    await app.listen({ host: settings.host, port: settings.port });
  } catch (error) {
    metrics.dispose();
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
    url: `http://${urlHost(settings.host)}:${port}`,
    port,
    clients: () => [...hub.clients].map((client) => client.status()),
    close() {
      closing ??= closeAll(app, hub, metrics, ticks);
      return closing;
    },
  };
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
