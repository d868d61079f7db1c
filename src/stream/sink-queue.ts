/**
 * The bounded queue in front of one sink: a slow or broken sink loses its own frames and delays nobody.
 *
 *     push ─▶ [ waiting, oldest dropped ] ─▶ sink.write ─┬─ taken
 *                                                        └─ failed: frames are lost until the next attempt, later each time
 */
import { LimpidError, messageOf } from '../errors/limpid-error.js';
import type { AudioSlice } from '../frame/audio.js';
import type { Frame } from '../frame/frame.js';
import type { Sink } from '../sink/sink.js';

/** Options of {@link SinkQueue}. */
export interface SinkQueueOptions {
  /** Frames that may wait. Default 8. */
  readonly limit?: number;
  /** First wait after a failure, ms; doubled with each further one. Default 500. */
  readonly firstDelayMs?: number;
  /** Longest wait after a failure, ms. Default 30 000. */
  readonly maxDelayMs?: number;
  /** A frame was dropped because the sink is slow. */
  readonly onDrop: (frame: Frame) => void;
  /** The sink failed; it is tried again after this time, null: not any more. */
  readonly onFailure: (error: LimpidError, retryInMs: number | null) => void;
  /** The sink has taken frames again for a while; `lost` were not written in between. */
  readonly onRecovery?: (lost: number) => void;
  /** Milliseconds of a clock that never goes back; default performance.now. */
  readonly now?: () => number;
}

interface Item {
  readonly frame: Frame;
  readonly audio: AudioSlice | undefined;
}

/** How long a sink must have taken frames before it counts as well again, ms. */
const STEADY_MS = 3_000;
/** Sound of dropped frames that the next one carries, bytes. */
const MAX_CARRIED_BYTES = 1 << 20;

/** Feeds one sink in order. When it is full the oldest waiting frame is dropped: the sink stays near the live edge. */
export class SinkQueue {
  readonly #sink: Sink;
  readonly #options: SinkQueueOptions;
  readonly #limit: number;
  readonly #now: () => number;
  readonly #waiting: Item[] = [];
  #roomWaiters: (() => void)[] = [];
  #running: Promise<void> | undefined;
  #closed: Promise<void> | undefined;
  /** When a sink that failed may be tried again; -∞ while it is well. */
  #retryAtMs = Number.NEGATIVE_INFINITY;
  #delayMs: number;
  #broken = false;
  /** Since it failed. */
  #lost = 0;
  #framesLost = 0;
  /** Since when the sink takes frames again; undefined before the first one. */
  #takingSinceMs: number | undefined;

  constructor(sink: Sink, options: SinkQueueOptions) {
    this.#sink = sink;
    this.#options = options;
    this.#limit = options.limit ?? 8;
    this.#now = options.now ?? (() => performance.now());
    this.#delayMs = options.firstDelayMs ?? 500;
  }

  /** Which picture of the stream goes in here. */
  get view(): 'restored' | 'source' {
    return this.#sink.view ?? 'restored';
  }

  /** Whether it failed and has not taken frames for a while since. */
  get failing(): boolean {
    return this.#broken;
  }

  /** Frames that it was given and did not take. */
  get framesLost(): number {
    return this.#framesLost;
  }

  /** Resolves when one more frame can be pushed without dropping another; for readers that must lose nothing. */
  whenRoom(): Promise<void> {
    return this.#full ? new Promise((resolve) => this.#roomWaiters.push(resolve)) : Promise.resolve();
  }

  /** Takes a frame, retaining its lease while it waits, and the sound that goes before it. */
  push(frame: Frame, audio?: AudioSlice): void {
    if (this.#closed !== undefined) {
      return;
    }
    if (this.#now() < this.#retryAtMs) {
      this.#lost += 1;
      this.#framesLost += 1;
      return;
    }
    if (this.#full) {
      this.#dropOldest();
    }
    frame.lease?.retain();
    this.#waiting.push({ frame, audio });
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

  /** Its sound goes with the frame after it: a recording loses pictures, not words. */
  #dropOldest(): void {
    const oldest = this.#waiting.shift();
    if (oldest === undefined) {
      return;
    }
    oldest.frame.lease?.release();
    this.#framesLost += 1;
    this.#options.onDrop(oldest.frame);
    const next = this.#waiting[0];
    if (next !== undefined) {
      this.#waiting[0] = { frame: next.frame, audio: joined(oldest.audio, next.audio) };
    }
  }

  async #run(): Promise<void> {
    for (let item = this.#waiting.shift(); item !== undefined; item = this.#waiting.shift()) {
      this.#announceRoom();
      try {
        await this.#sink.write(item.frame, item.audio);
        this.#taken();
      } catch (thrown) {
        this.#fail(thrown);
      } finally {
        item.frame.lease?.release();
      }
    }
    this.#running = undefined;
  }

  async #finish(): Promise<void> {
    await this.#running;
    try {
      await this.#sink.close();
    } catch (thrown) {
      this.#options.onFailure(asLimpidError(thrown), null);
    }
  }

  #announceRoom(): void {
    const waiters = this.#roomWaiters;
    this.#roomWaiters = [];
    for (const resolve of waiters) {
      resolve();
    }
  }

  #taken(): void {
    if (!this.#broken) {
      return;
    }
    const nowMs = this.#now();
    this.#takingSinceMs ??= nowMs;
    if (nowMs - this.#takingSinceMs >= STEADY_MS) {
      this.#broken = false;
      this.#delayMs = this.#options.firstDelayMs ?? 500;
      this.#options.onRecovery?.(this.#lost);
      this.#lost = 0;
    }
  }

  /** What waits is lost with the frame: by the time of the next attempt it is old. */
  #fail(thrown: unknown): void {
    this.#broken = true;
    this.#takingSinceMs = undefined;
    const waited = this.#waiting.splice(0);
    for (const { frame } of waited) {
      frame.lease?.release();
    }
    this.#lost += 1 + waited.length;
    this.#framesLost += 1 + waited.length;
    this.#announceRoom();
    const retryInMs = this.#delayMs;
    this.#retryAtMs = this.#now() + retryInMs;
    this.#delayMs = Math.min(retryInMs * 2, this.#options.maxDelayMs ?? 30_000);
    this.#options.onFailure(asLimpidError(thrown), retryInMs);
  }
}

function asLimpidError(thrown: unknown): LimpidError {
  return thrown instanceof LimpidError
    ? thrown
    : new LimpidError('ERR_SINK_WRITE', messageOf(thrown), { cause: thrown });
}

/** The sound of two frames, if it is of one kind and not too much; else the later one's. */
function joined(earlier: AudioSlice | undefined, later: AudioSlice | undefined): AudioSlice | undefined {
  if (earlier === undefined || later === undefined || earlier.caps !== later.caps) {
    return later;
  }
  const packets = [...earlier.packets, ...later.packets];
  const bytes = packets.reduce((sum, { data }) => sum + data.length, 0);
  return bytes > MAX_CARRIED_BYTES ? later : { caps: later.caps, packets };
}
