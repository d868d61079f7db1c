/**
 * The page's line to its server: finds the streams, opens the WebSocket, and starts over when either falls silent.
 *
 *     ask for streams ─▶ open ─▶ hello ─▶ frames …
 *        ▲                                    │ closed, or nothing heard for 5 s
 *        └───────────── back-off ◀────────────┘
 */

import { decodeFrameMessage, type FrameMessage } from '../wire/frame-message.js';
import {
  type HelloMessage,
  parseServerMessage,
  type SoundAnnouncement,
  type StateMessage,
} from '../wire/json-message.js';
import { decodeSoundMessage, isSoundMessage, type SoundMessage } from '../wire/sound-message.js';
import type { Codec, View } from '../wire/view.js';
import { backOffMs } from './back-off.js';
import { listStreams, type StreamSummary, streamSocketUrl } from './server-api.js';
import { pageTimeMs, ServerClock } from './server-clock.js';

type Timer = ReturnType<typeof setTimeout> | undefined;

/** Where the line stands. */
export type Phase =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'open' }
  | { readonly kind: 'token-needed' }
  | { readonly kind: 'no-streams'; readonly retryAtMs: number }
  | { readonly kind: 'stream-gone'; readonly retryAtMs: number }
  | { readonly kind: 'lost'; readonly retryAtMs: number };

/** What the line tells. */
export interface ConnectionEvents {
  phase(phase: Phase): void;
  /** The streams there are, and the one that is watched. */
  streams(streams: readonly StreamSummary[], current: string): void;
  hello(hello: HelloMessage): void;
  state(state: StateMessage): void;
  frame(frame: FrameMessage): void;
  /** The sound that follows, where it is wanted; absent where it never is. */
  soundAnnounced?(sound: SoundAnnouncement): void;
  sound?(sound: SoundMessage): void;
  /** The server can't encode the codec that was asked for; JPEG is used from here on. */
  codecRefused(): void;
}

/** The server says something every second; so long without a word means that the line is dead. */
const SILENCE_MS = 5000;
/** The clock is asked quickly at first and now and then after that, ms. */
const CLOCK_QUESTIONS_MS = [0, 150, 400, 900, 2000];
const CLOCK_INTERVAL_MS = 10_000;
const KEY_REQUEST_MS = 500;
/** WebSocket close code of a server whose encoder or stream has failed. */
const CODE_STREAM_FAILED = 1011;

/** Keeps one stream connected. */
export class Connection {
  readonly clock = new ServerClock();
  readonly #events: ConnectionEvents;
  readonly #view: View;
  #codec: Codec = 'jpeg';
  #wanted: string | undefined;
  #ifAbsent: 'first' | 'wait' = 'first';
  #soundWanted = false;
  #soundAsked = false;
  #socket: WebSocket | undefined;
  #attempt = 0;
  #keyAskedMs = Number.NEGATIVE_INFINITY;
  #retryTimer: Timer;
  #silenceTimer: Timer;
  #clockTimers: Timer[] = [];
  /** Rises with every new start: what belongs to an earlier one is ignored. */
  #round = 0;

  readonly #onOnline = () => this.reconnect();

  constructor(view: View, events: ConnectionEvents) {
    this.#view = view;
    this.#events = events;
  }

  /** Watches a stream in a codec; where there is no such stream, the first one, or none until it is back. */
  watch(stream: string | undefined, codec: Codec, ifAbsent: 'first' | 'wait' = 'first'): void {
    addEventListener('online', this.#onOnline);
    this.#wanted = stream;
    this.#ifAbsent = ifAbsent;
    this.#codec = codec;
    this.reconnect();
  }

  /** Starts over at once. */
  reconnect(): void {
    this.#attempt = 0;
    void this.#start();
  }

  /** Asks for a key frame, at most twice a second. */
  requestKey(): void {
    const now = performance.now();
    if (now - this.#keyAskedMs > KEY_REQUEST_MS && this.#socket?.readyState === WebSocket.OPEN) {
      this.#keyAskedMs = now;
      this.#socket.send(JSON.stringify({ type: 'key' }));
    }
  }

  /** Asks for sound, or for no more of it; on a line that is opened anew as well. */
  wantSound(on: boolean): void {
    this.#soundWanted = on;
    this.#askSound();
  }

  /** Has the sound that is wanted sent again from a beginning. */
  renewSound(): void {
    const wanted = this.#soundWanted;
    this.wantSound(false);
    this.wantSound(wanted);
  }

  /** Hangs up for good. */
  close(): void {
    removeEventListener('online', this.#onOnline);
    this.#round += 1;
    this.#hangUp();
  }

  async #start(): Promise<void> {
    this.#hangUp();
    this.#round += 1;
    const round = this.#round;
    if (this.#attempt === 0) {
      // A later attempt changes nothing on the page before it succeeds.
      this.#events.phase({ kind: 'connecting' });
    }
    const answer = await listStreams();
    if (round !== this.#round) {
      return;
    }
    switch (answer.kind) {
      case 'token-needed':
        this.#events.phase({ kind: 'token-needed' });
        return;
      case 'unreachable':
        this.#startLater('lost');
        return;
      case 'streams': {
        const { streams } = answer;
        const waits = this.#ifAbsent === 'wait';
        const stream = streams.find(({ name }) => name === this.#wanted) ?? (waits ? undefined : streams[0]);
        if (stream === undefined) {
          this.#startLater(waits ? 'stream-gone' : 'no-streams');
          return;
        }
        this.#events.streams(streams, stream.name);
        this.#open(stream.name);
      }
    }
  }

  #open(stream: string): void {
    const socket = new WebSocket(streamSocketUrl(stream, this.#view, this.#codec));
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    this.#soundAsked = false;
    socket.onmessage = ({ data }: MessageEvent<unknown>) => {
      this.#listen();
      try {
        this.#receive(data);
      } catch {
        this.#startLater('lost'); // what this server says is not understood; it may be restarting as another version
      }
    };
    socket.onclose = ({ code }) => {
      if (code === CODE_STREAM_FAILED && this.#codec !== 'jpeg') {
        this.#codec = 'jpeg'; // the server could not encode
        this.#events.codecRefused();
      }
      this.#startLater('lost');
    };
    this.#listen();
  }

  #receive(data: unknown): void {
    if (data instanceof ArrayBuffer) {
      if (isSoundMessage(data)) {
        this.#events.sound?.(decodeSoundMessage(data));
        return;
      }
      this.#events.frame(decodeFrameMessage(data));
      return;
    }
    const message = parseServerMessage(String(data));
    switch (message?.type) {
      case 'hello':
        this.#attempt = 0;
        this.#events.phase({ kind: 'open' });
        this.#events.hello(message);
        this.#askClock();
        this.#askSound();
        return;
      case 'state':
        this.#events.state(message);
        return;
      case 'clock':
        this.clock.learn(message.clientTimeMs, message.serverTimeMs, pageTimeMs());
        return;
      case 'sound':
        this.#events.soundAnnounced?.(message);
        return;
      case 'error':
      case undefined:
        return; // nothing this page asked for, or something newer than it
    }
  }

  #askClock(): void {
    this.#stopClock();
    const ask = () => this.#socket?.send(JSON.stringify({ type: 'clock', clientTimeMs: pageTimeMs() }));
    this.#clockTimers = CLOCK_QUESTIONS_MS.map((delayMs) => setTimeout(ask, delayMs));
    this.#clockTimers.push(setInterval(ask, CLOCK_INTERVAL_MS));
  }

  #askSound(): void {
    if (this.#soundWanted !== this.#soundAsked && this.#socket?.readyState === WebSocket.OPEN) {
      this.#soundAsked = this.#soundWanted;
      this.#socket.send(JSON.stringify({ type: 'sound', on: this.#soundWanted }));
    }
  }

  #stopClock(): void {
    for (const timer of this.#clockTimers) {
      clearTimeout(timer); // ends intervals as well
    }
    this.#clockTimers = [];
  }

  #listen(): void {
    clearTimeout(this.#silenceTimer);
    this.#silenceTimer = setTimeout(() => this.#startLater('lost'), SILENCE_MS);
  }

  #startLater(kind: 'lost' | 'no-streams' | 'stream-gone'): void {
    this.#hangUp();
    this.#attempt += 1;
    const delayMs = backOffMs(this.#attempt, Math.random());
    this.#retryTimer = setTimeout(() => void this.#start(), delayMs);
    this.#events.phase({ kind, retryAtMs: performance.now() + delayMs });
  }

  #hangUp(): void {
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#silenceTimer);
    this.#stopClock();
    if (this.#socket !== undefined) {
      this.#socket.onclose = null;
      this.#socket.onmessage = null;
      this.#socket.close();
      this.#socket = undefined;
      this.clock.reset();
    }
  }
}
