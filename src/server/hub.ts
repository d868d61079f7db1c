/**
 * What the doors of the server (HTTP, WebSocket, MJPEG) share: the streams by name, one feed per view and codec, and the
 * count of who is watching.
 */
import type { Observable } from 'rxjs';
import type { LiveStream } from '../frame/live-stream.js';
import type { Log } from '../log/log.js';
import type { Codec, View } from '../wire/view.js';
import type { Refusal } from './access.js';
import { networkOf } from './address-limits.js';
import { createFmp4Feed } from './fmp4-feed.js';
import type { OpenPictureEncoder } from './picture-encoder.js';
import { createSoundFeed, type SoundPart } from './sound-feed.js';
import { createViewFeed, type ViewFeed } from './view-feed.js';

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
  readonly feeds: Readonly<Record<Codec, Readonly<Record<View, ViewFeed>>>>;
  /** Absent where the stream never has sound. */
  readonly sound: Observable<SoundPart> | undefined;
}

/** What the hub needs to know beside its streams. */
export interface HubOptions {
  /** How each codec's encoders are opened; fMP4 carries what that of H.264 gives. */
  readonly encoders: Readonly<Record<Exclude<Codec, 'fmp4'>, OpenPictureEncoder>>;
  readonly maxClients: number;
  readonly maxClientsPerAddress: number;
  readonly log: Log;
}

/** Where a client comes from, and whether what it showed still lets it watch. */
interface Place {
  readonly network: string;
  readonly mayStay: () => boolean;
}

/** Streams, which come and go, and clients of one server. */
export class Hub {
  readonly #streams = new Map<string, HubStream>();
  readonly #clients = new Map<Client, Place>();
  #options: HubOptions;

  constructor(streams: readonly LiveStream[], options: HubOptions) {
    this.#options = options;
    for (const live of streams) {
      this.add(live);
    }
  }

  get streams(): ReadonlyMap<string, HubStream> {
    return this.#streams;
  }

  get clients(): Iterable<Client> {
    return this.#clients.keys();
  }

  /** Shows one more stream. */
  add(live: LiveStream): void {
    const { encoders, log } = this.#options;
    const open = (encoder: OpenPictureEncoder) =>
      perView((view) => createViewFeed({ stream: live, view, openEncoder: encoder, log }));
    const h264 = open(encoders.h264);
    const feeds = { jpeg: open(encoders.jpeg), h264, fmp4: perView((view) => createFmp4Feed(h264[view])) };
    this.#streams.set(live.name, { live, feeds, sound: createSoundFeed(live) });
  }

  /** Shows a stream no longer; its clients are sent away. */
  remove(name: string): void {
    this.#streams.delete(name);
    for (const client of [...this.clients].filter((one) => one.status().stream === name)) {
      client.close();
    }
  }

  /** Goes by other limits from now on. Who is there stays, unless its token is good no longer. */
  update(limits: Pick<HubOptions, 'maxClients' | 'maxClientsPerAddress'>): void {
    this.#options = {
      ...this.#options,
      maxClients: limits.maxClients,
      maxClientsPerAddress: limits.maxClientsPerAddress,
    };
    for (const [client, { mayStay }] of [...this.#clients]) {
      if (!mayStay()) client.close();
    }
  }

  /** Refuses one client more than there may be, altogether (503) or from one address (429). */
  checkRoom(address: string): Refusal | undefined {
    const { maxClients, maxClientsPerAddress } = this.#options;
    if (this.#clients.size >= maxClients) {
      return { status: 503, message: 'Expected fewer clients: server.maxClients are connected already' };
    }
    const network = networkOf(address);
    let neighbours = 0;
    for (const other of this.#clients.values()) {
      neighbours += other.network === network ? 1 : 0;
    }
    return neighbours < maxClientsPerAddress
      ? undefined
      : { status: 429, message: 'Expected fewer clients of one address: server.maxClientsPerAddress are connected' };
  }

  /** Counts a client in; `mayStay` is asked when the settings change. */
  join(client: Client, address: string, mayStay: () => boolean): void {
    this.#clients.set(client, { network: networkOf(address), mayStay });
  }

  /** Counts a client out. */
  leave(client: Client): void {
    this.#clients.delete(client);
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

function perView(feed: (view: View) => ViewFeed): Record<View, ViewFeed> {
  return { restored: feed('restored'), source: feed('source'), pair: feed('pair') };
}
