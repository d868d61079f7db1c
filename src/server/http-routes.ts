/**
 * The HTTP side of the contract: viewer, health, metrics, list of streams, snapshots and MJPEG.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { EmptyError, TimeoutError } from 'rxjs';
import { messageOf } from '../errors/limpid-error.js';
import type { Log } from '../log/log.js';
import { isView, type View } from '../wire/view.js';
import type { Access } from './access.js';
import { addControlRoutes } from './control-routes.js';
import { allows, type Grant } from './grant.js';
import { guard, refuse, sendError } from './guard.js';
import type { Hub, HubStream } from './hub.js';
import type { Metrics } from './metrics.js';
import { MjpegClient } from './mjpeg.js';
import { openApiDocument } from './openapi.js';
import { SECURITY_HEADERS } from './security-headers.js';
import type { ServerSettings } from './server-settings.js';
import { type SnapshotFormat, Snapshots } from './snapshot.js';
import type { StreamControl } from './stream-control.js';
import type { ViewerFile } from './viewer-files.js';

/** What the routes need of their server. */
export interface HttpRoutesOptions {
  readonly hub: Hub;
  readonly access: Access;
  readonly metrics: Metrics;
  /** Those of the moment: they may change while the server runs. */
  readonly settings: () => ServerSettings;
  readonly viewer: ReadonlyMap<string, ViewerFile>;
  /** Absent: streams are shown, not controlled. */
  readonly control?: StreamControl | undefined;
  readonly log: Log;
}

/** Adds every route to a server. Routes that show or tell something of a stream ask for the token. */
export function addHttpRoutes(app: FastifyInstance, options: HttpRoutesOptions): void {
  const { hub, access, metrics, log } = options;
  const grantOf = (request: FastifyRequest): Grant | undefined => {
    const grant = access.identify(request.raw);
    return 'status' in grant ? undefined : grant;
  };

  addViewerRoutes(app, options.viewer);
  app.get('/healthz', async () => ({ status: 'ok', uptimeSeconds: Math.round(process.uptime()) }));
  app.get('/readyz', async (request, reply) => {
    const streams = [...hub.streams.values()].map(({ live }) => live.status());
    const ready = streams.every(({ state }) => state === 'live');
    reply.code(ready ? 200 : 503);
    // A load balancer without the token learns whether, not why; asking does not count as a wrong token.
    const grant = access.withToken(request.raw) ? grantOf(request) : undefined;
    const shown = streams.filter(({ name }) => grant !== undefined && allows(grant, 'view', name));
    return grant === undefined
      ? { ready }
      : { ready, streams: shown.map(({ name, state, reason }) => ({ name, state, ...(reason ? { reason } : {}) })) };
  });
  app.get('/metrics', { onRequest: guard(access, 'view') }, async (_request, reply) => {
    reply.header('Content-Type', metrics.contentType);
    return metrics.text();
  });
  app.get('/api/streams', async (request, reply) => {
    const grant = access.identify(request.raw);
    if ('status' in grant) {
      return refuse(reply, grant);
    }
    const streams = [...hub.streams.values()].filter(({ live }) => allows(grant, 'view', live.name));
    return { streams: streams.map(({ live }) => ({ ...live.status(), viewers: hub.viewersOf(live.name) })) };
  });
  addPictureRoutes(app, options);
  addControlRoutes(app, options);
  app.get('/api/openapi.json', async () => openApiDocument);
  app.setNotFoundHandler((request, reply) =>
    sendError(reply, 404, `Expected a path of this server but received ${request.method} ${pathOf(request)}`),
  );
  app.setErrorHandler((error, request, reply) => {
    const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
    if (status >= 400 && status < 500) {
      return sendError(reply, status, messageOf(error));
    }
    // What failed inside is for the log; it may name files.
    log.error(`${request.method} ${pathOf(request)} failed: ${messageOf(error)}`);
    return sendError(reply, 500, 'Expected to answer but failed; the log of the server says why');
  });
}

function addViewerRoutes(app: FastifyInstance, viewer: ReadonlyMap<string, ViewerFile>): void {
  for (const [path, file] of viewer) {
    app.get(path, async (_request, reply) =>
      reply.header('Content-Type', file.contentType).header('Cache-Control', file.cacheControl).send(file.bytes),
    );
  }
  if (!viewer.has('/')) {
    app.get('/', async (_request, reply) =>
      sendError(reply, 503, 'Expected a built viewer but found none: run "npm run build" and start again'),
    );
  }
}

interface StreamRoute {
  Params: { name: string };
  Querystring: Record<string, unknown>;
}
type StreamRequest = FastifyRequest<StreamRoute>;

function addPictureRoutes(app: FastifyInstance, { hub, access, settings }: HttpRoutesOptions): void {
  const watch = { onRequest: guard(access, 'view') };
  // HEAD would open a stream too.
  const watchOn = { ...watch, exposeHeadRoute: false };
  const snapshots = new Snapshots();
  const snapshot = (format: SnapshotFormat) => async (request: StreamRequest, reply: FastifyReply) => {
    const target = resolve(hub, request, reply, ['restored', 'source', 'pair']);
    if (target === undefined) {
      return reply;
    }
    try {
      const { bytes, seq } = await snapshots.take(target.stream.live, {
        view: target.view,
        format,
        quality: settings().jpegQuality,
        timeoutMs: settings().snapshotTimeoutMs,
      });
      return reply
        .type(format === 'jpg' ? 'image/jpeg' : 'image/png')
        .headers({ 'Cache-Control': 'no-store', 'X-Limpid-Seq': String(seq) })
        .send(bytes);
    } catch (error) {
      if (!(error instanceof TimeoutError || error instanceof EmptyError)) {
        throw error;
      }
      const { state, name } = target.stream.live.status();
      reply.header('Retry-After', '5');
      return sendError(reply, 503, `Expected a restored frame but ${name} gave none in time (it is ${state})`);
    }
  };
  app.get<StreamRoute>('/streams/:name/snapshot.jpg', watch, snapshot('jpg'));
  app.get<StreamRoute>('/streams/:name/snapshot.png', watch, snapshot('png'));
  app.get<StreamRoute>('/streams/:name/video.mjpg', watchOn, async (request: StreamRequest, reply: FastifyReply) => {
    const target = resolve(hub, request, reply, ['restored', 'source']);
    if (target === undefined) {
      return reply;
    }
    const address = access.addressOf(request.raw);
    // A response that waits behind another of its connection never learns that its reader has left.
    const waits = reply.raw.socket === null;
    const full = waits
      ? { status: 400, message: 'Expected a connection of its own for video.mjpg' }
      : hub.checkRoom(address);
    if (full !== undefined) {
      return refuse(reply, full);
    }
    reply.hijack();
    const client = new MjpegClient({
      response: reply.raw,
      stream: target.stream.live,
      view: target.view,
      feed: target.stream.feeds.jpeg[target.view].frames$,
      settings,
      headers: SECURITY_HEADERS,
      onClosed: (closed) => hub.leave(closed),
    });
    hub.join(client, address, () => access.mayStay(request.raw, target.stream.live.name));
    return reply;
  });
}

/** The stream and view a request names; answers it and gives undefined when there is no such thing. */
function resolve(
  hub: Hub,
  request: StreamRequest,
  reply: FastifyReply,
  views: readonly View[],
): { stream: HubStream; view: View } | undefined {
  const stream = hub.streams.get(request.params.name);
  if (stream === undefined) {
    sendError(reply, 404, 'Expected one of the streams that /api/streams lists');
    return undefined;
  }
  const view = request.query.view ?? 'restored';
  if (!isView(view) || !views.includes(view)) {
    sendError(reply, 400, `Expected view to be one of ${views.join(', ')}`);
    return undefined;
  }
  return { stream, view };
}

function pathOf(request: FastifyRequest): string {
  return request.url.replace(/[?#].*$/, '').slice(0, 100);
}
