/**
 * The WebSocket door: `ws://…/streams/<name>?view=…&codec=…`. A request that can't be served is refused at the upgrade
 * with the HTTP status that says why, never accepted and then closed.
 */
import type { IncomingMessage } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { Log } from '../log/log.js';
import { redactUri } from '../log/redact.js';
import { type Codec, isCodec, isView, type View } from '../wire/view.js';
import { type Access, queryOf, RETRY_AFTER_SECONDS, type Refusal } from './access.js';
import type { Hub, HubStream } from './hub.js';
import type { ServerSettings } from './server-settings.js';
import { WebSocketClient } from './ws-client.js';

/** What the endpoint needs of its server. */
export interface WebSocketEndpointOptions {
  readonly hub: Hub;
  readonly access: Access;
  /** Those of the moment: they may change while the server runs. */
  readonly settings: () => ServerSettings;
  readonly log: Log;
}

/** Handles one `upgrade` event of a http server. */
export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** Opens the endpoint. */
export function createWebSocketEndpoint(options: WebSocketEndpointOptions): UpgradeHandler {
  const { hub, access, settings, log } = options;
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: settings().maxMessageBytes,
    // Pictures do not compress any further, and a compressor per client is memory per client.
    perMessageDeflate: false,
    // The client answers pings itself, and only while its peer reads what it is sent.
    autoPong: false,
  });
  return (request, socket, head) => {
    const onSocketError = (error: Error) => log.debug(`WebSocket upgrade: ${error.message}`);
    socket.on('error', onSocketError);
    const target = resolveTarget(request, hub, access);
    if ('status' in target) {
      log.debug(`${request.method} ${redactUri(request.url ?? '')} → ${target.status}`);
      refuse(socket, target);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      socket.removeListener('error', onSocketError);
      const { stream, view, codec } = target;
      const client = new WebSocketClient({
        socket: webSocket,
        stream: stream.live,
        view,
        codec,
        feed: stream.feeds[codec][view],
        sound: stream.sound,
        settings,
        log,
        onClosed: (closed) => hub.leave(closed),
      });
      hub.join(client, access.addressOf(request), () => access.mayStay(request, stream.live.name));
    });
  };
}

interface Target {
  readonly stream: HubStream;
  readonly view: View;
  readonly codec: Codec;
}

function resolveTarget(request: IncomingMessage, hub: Hub, access: Access): Target | Refusal {
  const name = streamNameOf(request.url ?? '');
  const refusal = access.checkCaller(request) ?? access.authorize(request, 'view', name) ?? access.checkOrigin(request);
  if (refusal !== undefined) {
    return refusal;
  }
  const stream = name === undefined ? undefined : hub.streams.get(name);
  if (stream === undefined) {
    return { status: 404, message: 'Expected /streams/<name> with one of the streams that /api/streams lists' };
  }
  const query = queryOf(request);
  const view = query.get('view') ?? 'restored';
  if (!isView(view)) {
    return { status: 400, message: 'Expected view to be restored, source or pair' };
  }
  const codec = query.get('codec') ?? 'jpeg';
  if (!isCodec(codec)) {
    return { status: 400, message: 'Expected codec to be jpeg, h264 or fmp4' };
  }
  return hub.checkRoom(access.addressOf(request)) ?? { stream, view, codec };
}

function streamNameOf(url: string): string | undefined {
  const match = /^\/streams\/([^/?#]+)\/?(?:[?#]|$)/.exec(url);
  try {
    return match?.[1] === undefined ? undefined : decodeURIComponent(match[1]);
  } catch {
    return undefined; // malformed percent-encoding names no stream
  }
}

function refuse(socket: Duplex, { status, message }: Refusal): void {
  const body = `${message}\n`;
  const challenge =
    status === 401 ? 'WWW-Authenticate: Bearer\r\n' : status === 429 ? `Retry-After: ${RETRY_AFTER_SECONDS}\r\n` : '';
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\n${challenge}` +
      `Content-Type: text/plain; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}
