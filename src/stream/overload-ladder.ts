/**
 * Decides which of a stream's models the machine has time for: step 0 is the one that is wanted, the last the lightest.
 *
 *     too few frames a second for downAfterMs ──▶ a step down
 *     enough for upAfterMs ──▶ a step up, on trial: if that fails, down again, and the next wait is twice as long
 *
 * Enough is more on trial than it is later (hysteresis), so that a machine at the limit does not swing.
 */
import type { OverloadOptions } from './overload-options.js';

/** Weight of the newest time in the running mean. */
const NEWEST = 0.3;
/** Restorations at a step before it is judged at its start or on trial; the first computes a whole window's pyramids. */
const TRIAL_FRAMES = 4;
/** What must be reached on trial, as a multiple of what is enough later. */
const TRIAL_MARGIN = 1.2;
/** Of a source slower than minFps, nearly all frames are enough. */
const NEARLY_ALL = 0.9;
/** A single restoration that took this many times what is allowed needs no second one. */
const HOPELESS = 4;
/** Frames in a row that an engine failed on. */
const FAILURES = 3;

/** A change of step, and why. */
export interface LadderMove {
  readonly from: number;
  readonly to: number;
  /** Restored frames a second that the step left behind made, or is expected to make. */
  readonly fps: number;
  readonly enoughFps: number;
  /** It happened within the first frames: the stream starts on this step. */
  readonly atStart: boolean;
  /** The engine of the step failed again and again. */
  readonly failed: boolean;
}

/** The ladder of one stream. */
export class OverloadLadder {
  readonly #steps: number;
  readonly #options: OverloadOptions;
  #step = 0;
  #meanMs = 0;
  #count = 0;
  #failures = 0;
  #shortSinceMs: number | undefined;
  #calmSinceMs: number | undefined;
  #upAfterMs: number;
  /** No step has held yet. */
  #starting = true;
  /** The step was climbed to, and has not held yet. */
  #onTrial = false;

  constructor(steps: number, options: OverloadOptions) {
    this.#steps = steps;
    this.#options = options;
    this.#upAfterMs = options.upAfterMs;
  }

  get step(): number {
    return this.#step;
  }

  /**
   * One frame was restored at the current step.
   *
   * @param tookMs from when the engine was asked to when it answered
   * @param intervalMs between two frames of the source
   * @returns the change of step that follows, which has been made
   */
  restored(tookMs: number, intervalMs: number, nowMs: number): LadderMove | undefined {
    this.#count += 1;
    this.#failures = 0;
    // The first one at a step is not like the others, unless it says enough by itself.
    this.#meanMs = this.#count <= 2 ? tookMs : NEWEST * tookMs + (1 - NEWEST) * this.#meanMs;
    const sourceFps = 1_000 / intervalMs;
    const enoughFps = Math.min(this.#options.minFps * (this.#onTrial ? TRIAL_MARGIN : 1), NEARLY_ALL * sourceFps);
    const fps = Math.min(1_000 / Math.max(this.#meanMs, 0.01), sourceFps);
    const move = { fps, enoughFps, failed: false };
    if (fps < enoughFps) {
      this.#calmSinceMs = undefined;
      this.#shortSinceMs ??= nowMs;
      const judged = (this.#starting || this.#onTrial) && this.#count >= TRIAL_FRAMES;
      const hopeless = tookMs > (HOPELESS * 1_000) / enoughFps;
      return judged || hopeless || nowMs - this.#shortSinceMs >= this.#options.downAfterMs
        ? this.#down(move)
        : undefined;
    }
    this.#shortSinceMs = undefined;
    this.#calmSinceMs ??= nowMs;
    const calmMs = nowMs - this.#calmSinceMs;
    if (this.#count >= TRIAL_FRAMES && calmMs >= this.#options.downAfterMs) {
      this.#starting = false;
      if (this.#onTrial) {
        this.#onTrial = false;
        this.#upAfterMs = this.#options.upAfterMs;
      }
    }
    return this.#step > 0 && calmMs >= this.#upAfterMs ? this.#up(move) : undefined;
  }

  /** The engine of the current step could not restore a frame. */
  failed(): LadderMove | undefined {
    this.#failures += 1;
    return this.#failures >= FAILURES
      ? this.#down({ fps: 0, enoughFps: this.#options.minFps, failed: true })
      : undefined;
  }

  #down(why: Pick<LadderMove, 'fps' | 'enoughFps' | 'failed'>): LadderMove | undefined {
    if (this.#step === this.#steps - 1) {
      return undefined;
    }
    if (this.#onTrial) {
      this.#upAfterMs = Math.min(2 * this.#upAfterMs, this.#options.upMaxMs);
    }
    const move = { ...why, from: this.#step, to: this.#step + 1, atStart: this.#starting && !this.#onTrial };
    this.#onTrial = false;
    return this.#enter(move);
  }

  #up(why: Pick<LadderMove, 'fps' | 'enoughFps' | 'failed'>): LadderMove {
    this.#onTrial = true;
    return this.#enter({ ...why, from: this.#step, to: this.#step - 1, atStart: false });
  }

  #enter(move: LadderMove): LadderMove {
    this.#step = move.to;
    this.#count = 0;
    this.#failures = 0;
    this.#shortSinceMs = undefined;
    this.#calmSinceMs = undefined;
    return move;
  }
}
