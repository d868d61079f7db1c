/**
 * The fan-out of one stream: a bounded queue for each sink, what became of them, and what the log is told.
 */
import type { AudioSlice } from '../frame/audio.js';
import type { Frame } from '../frame/frame.js';
import type { SinksStatus } from '../frame/live-stream.js';
import type { Log } from '../log/log.js';
import type { Sink } from '../sink/sink.js';
import { SinkQueue } from './sink-queue.js';

/** A sink that fails the same way at every attempt is told of again after this time, ms. */
const SAME_TROUBLE_MS = 60_000;

/** Whom the sinks of a stream tell. */
export interface StreamSinksOptions {
  /** What the log's lines belong to. */
  readonly at: { readonly stream: string };
  readonly log: Log;
  /** A frame was dropped because a sink is slow. */
  readonly onDrop: (sink: Sink) => void;
}

/** The sinks of a stream. It takes them over and closes them. */
export class StreamSinks {
  readonly #queues: readonly SinkQueue[];

  constructor(sinks: readonly Sink[], options: StreamSinksOptions) {
    this.#queues = sinks.map((sink) => queueFor(sink, options));
  }

  /** Which picture each sink takes. */
  get views(): readonly ('restored' | 'source')[] {
    return this.#queues.map(({ view }) => view);
  }

  /** Hands a frame, and the sound before it, to the sinks of its view. */
  push(view: 'restored' | 'source', frame: Frame, audio: AudioSlice | undefined): void {
    for (const queue of this.#queues) {
      if (queue.view === view) {
        queue.push(frame, audio);
      }
    }
  }

  /** Resolves when every sink has room for one more frame. */
  async whenRoom(): Promise<void> {
    await Promise.all(this.#queues.map((queue) => queue.whenRoom()));
  }

  /** undefined where there are none. */
  status(): SinksStatus | undefined {
    if (this.#queues.length === 0) {
      return undefined;
    }
    return {
      open: this.#queues.length,
      failing: this.#queues.filter(({ failing }) => failing).length,
      framesLost: this.#queues.reduce((sum, { framesLost }) => sum + framesLost, 0),
    };
  }

  /** Lets every sink finish. Idempotent. */
  async close(): Promise<void> {
    await Promise.all(this.#queues.map((queue) => queue.close()));
  }
}

function queueFor(sink: Sink, { at, log, onDrop }: StreamSinksOptions): SinkQueue {
  let told = '';
  let toldMs = Number.NEGATIVE_INFINITY;
  return new SinkQueue(sink, {
    onDrop: () => onDrop(sink),
    onFailure: (error, retryInMs) => {
      // The same trouble at every attempt is a line now and then.
      if (error.message !== told || performance.now() - toldMs >= SAME_TROUBLE_MS) {
        const next = retryInMs === null ? '' : `; next attempt in ${(retryInMs / 1_000).toFixed(1)} s`;
        log.error(at, `${error.message}${next}`);
        toldMs = performance.now();
      }
      told = error.message;
    },
    onRecovery: (lost) => {
      told = '';
      log.info(at, `${sink.label} is back; frames lost meanwhile: ${lost}`);
    },
  });
}
