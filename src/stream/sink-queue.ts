/**
 * The bounded queue in front of one sink: a slow or broken sink loses its own frames and delays nobody.
 */
import { LimpidError, messageOf } from '../errors/limpid-error.js';
import type { Frame } from '../frame/frame.js';
import type { Sink } from '../sink/sink.js';

/** Options of {@link SinkQueue}. */
export interface SinkQueueOptions {
  /** Frames that may wait. Default 8. */
  readonly limit?: number;
  /** A frame was dropped because the sink is slow. */
  readonly onDrop: (frame: Frame) => void;
  /** The sink failed and takes no more frames. Called once. */
  readonly onFailure: (error: LimpidError) => void;
}

/** Feeds one sink in order. When it is full the oldest waiting frame is dropped: the sink stays near the live edge. */
export class SinkQueue {
  readonly #sink: Sink;
  readonly #options: SinkQueueOptions;
  readonly #limit: number;
  readonly #waiting: Frame[] = [];
  #roomWaiters: (() => void)[] = [];
  #running: Promise<void> | undefined;
  #failed = false;
  #closed: Promise<void> | undefined;

  constructor(sink: Sink, options: SinkQueueOptions) {
    this.#sink = sink;
    this.#options = options;
    this.#limit = options.limit ?? 8;
  }

  /** Resolves when one more frame can be pushed without dropping another; for readers that must lose nothing. */
  whenRoom(): Promise<void> {
    return this.#full ? new Promise((resolve) => this.#roomWaiters.push(resolve)) : Promise.resolve();
  }

  /** Takes a frame, retaining its lease while it waits. */
  push(frame: Frame): void {
    if (this.#failed || this.#closed !== undefined) {
      return;
    }
    if (this.#full) {
      const oldest = this.#waiting.shift();
      if (oldest !== undefined) {
        oldest.lease?.release();
        this.#options.onDrop(oldest);
      }
    }
    frame.lease?.retain();
    this.#waiting.push(frame);
    this.#running ??= this.#run();
  }

  /** Writes what waits, then closes the sink. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#finish();
    return this.#closed;
  }

  get #full(): boolean {
    return this.#waiting.length >= this.#limit;
  }

  async #run(): Promise<void> {
    for (let frame = this.#waiting.shift(); frame !== undefined; frame = this.#waiting.shift()) {
      this.#announceRoom();
      try {
        await this.#sink.write(frame);
      } catch (thrown) {
        this.#fail(thrown);
      } finally {
        frame.lease?.release();
      }
    }
    this.#running = undefined;
  }

  async #finish(): Promise<void> {
    await this.#running;
    try {
      await this.#sink.close();
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  #announceRoom(): void {
    const waiters = this.#roomWaiters;
    this.#roomWaiters = [];
    for (const resolve of waiters) {
      resolve();
    }
  }

  #fail(thrown: unknown): void {
    if (this.#failed) {
      return;
    }
    this.#failed = true;
    for (const frame of this.#waiting.splice(0)) {
      frame.lease?.release();
    }
    this.#announceRoom();
    this.#options.onFailure(
      thrown instanceof LimpidError ? thrown : new LimpidError('ERR_SINK_WRITE', messageOf(thrown), { cause: thrown }),
    );
  }
}
