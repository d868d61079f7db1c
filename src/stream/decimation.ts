/**
 * Every k-th frame of a live source, k being how many times too slow the engine is.
 *
 *     frames   0  1  2  3  4  5  6     k = 2
 *     kept     0     2     4     6     a window holds 0 2 4, then 2 4 6: each pyramid is used in all of them
 */
import type { Frame, FrameTiming } from '../frame/frame.js';

/** Weight of the newest time in the running mean. */
const NEWEST = 0.2;
/** k shrinks only when the next smaller one would leave this much of the time unused: no swinging between two rates. */
const SLACK = 0.15;
const LARGEST = 60;
const NS_PER_MS = 1e6;

/** Thins one stream. */
export class Decimation {
  readonly #onSkip: (frame: Frame) => void;
  #factor = 1;
  #engineMs = 0;
  #intervalMs = 0;
  #untilNext = 0;
  #last: Frame | undefined;
  /** What frames that were left out began: told by the next one that is kept. */
  #owed = { discontinuity: false, sceneCut: false };

  constructor(onSkip: (frame: Frame) => void) {
    this.#onSkip = onSkip;
  }

  /** k. */
  get factor(): number {
    return this.#factor;
  }

  /**
   * One frame was restored.
   *
   * @param tookMs from when the engine was asked to when it answered: longer than its own time where it waits for its turn
   */
  observe({ pyramidMs, restoreMs }: FrameTiming, tookMs = 0): void {
    const engineMs = Math.max(tookMs, pyramidMs + restoreMs);
    this.#engineMs = this.#engineMs === 0 ? engineMs : NEWEST * engineMs + (1 - NEWEST) * this.#engineMs;
    if (this.#intervalMs === 0) {
      return;
    }
    const load = this.#engineMs / this.#intervalMs;
    const most = Math.min(LARGEST, Math.max(1, Math.ceil(load)));
    const least = Math.min(LARGEST, Math.max(1, Math.ceil(load * (1 + SLACK))));
    this.#factor = this.#factor < most ? most : Math.min(this.#factor, least);
  }

  /** The frame, if its turn has come, else nothing. */
  take(frame: Frame): readonly Frame[] {
    if (this.#last !== undefined && !frame.discontinuity) {
      const stepMs = Number(frame.ptsNs - this.#last.ptsNs) / NS_PER_MS;
      this.#intervalMs = this.#intervalMs === 0 ? stepMs : NEWEST * stepMs + (1 - NEWEST) * this.#intervalMs;
    }
    this.#last = frame;
    if (this.#untilNext > 0) {
      this.#untilNext -= 1;
      this.#owed = {
        discontinuity: this.#owed.discontinuity || frame.discontinuity,
        sceneCut: this.#owed.sceneCut || frame.sceneCut === true,
      };
      this.#onSkip(frame);
      return [];
    }
    this.#untilNext = this.#factor - 1;
    const { discontinuity, sceneCut } = this.#owed;
    this.#owed = { discontinuity: false, sceneCut: false };
    return [
      {
        ...frame,
        discontinuity: frame.discontinuity || discontinuity,
        ...(sceneCut || frame.sceneCut === true ? { sceneCut: true } : {}),
      },
    ];
  }
}
