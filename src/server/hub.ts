/**
 * What the doors of the server (HTTP, WebSocket, MJPEG) share: the streams by name, one feed per view, and the count of
 * who is watching.
 */
import type { Observable } from 'rxjs';
import type { LiveStream } from '../frame/live-stream.js';
import type { Log } from '../log/log.js';
import type { View } from '../wire/view.js';
import type { JpegEncoder } from './jpeg-encoder.js';
import { createViewFeed, type EncodedFrame } from './view-feed.js';

/** One client and what it got. */
export interface ClientStatus {
  readonly stream: string;
  readonly view: View;
  readonly transport: 'websocket' | 'mjpeg';
  readonly framesSent: number;
  /** Frames it lost because it reads too slowly. */
  readonly framesDropped: number;
  /** Bytes waiting for it in this process. */
  readonly bufferedBytes: number;
}

/** Someone watching, as the server counts and closes it. */
export interface Client {
  status(): ClientStatus;
  /** Looks after the connection; called once a second. */
  tick(): void;
  /** Says goodbye and ends the connection. Idempotent. */
  close(): void;
}

/** One stream with its feeds. */
export interface HubStream {
  readonly live: LiveStream;
  readonly feeds: Readonly<Record<View, Observable<EncodedFrame>>>;
}

/** Streams and clients of one server. */
export class Hub {
  readonly streams: ReadonlyMap<string, HubStream>;
  readonly clients = new Set<Client>();
  readonly #maxClients: number;

  constructor(streams: readonly LiveStream[], encode: JpegEncoder, maxClients: number, log: Log) {
    this.#maxClients = maxClients;
    this.streams = new Map(streams.map((live) => [live.name, { live, feeds: feedsOf(live, encode, log) }]));
  }

  /** Whether one more client fits. */
  get hasRoom(): boolean {
    return this.clients.size < this.#maxClients;
  }

  /** How many watch a stream. */
  viewersOf(stream: string): number {
    let viewers = 0;
    for (const client of this.clients) {
      viewers += client.status().stream === stream ? 1 : 0;
    }
    return viewers;
  }
}

function feedsOf(stream: LiveStream, encode: JpegEncoder, log: Log): Record<View, Observable<EncodedFrame>> {
  const feed = (view: View) => createViewFeed({ stream, view, encode, log });
  return { restored: feed('restored'), source: feed('source'), pair: feed('pair') };
}
