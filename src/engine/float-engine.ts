/**
 * Restoration before clamp and rounding: what self-ensemble and tiling work on, and what they give.
 *
 *     windows ─▶ onnxruntime, float32 ─▶ tiled ─▶ self-ensemble ─▶ rounded: an Engine like any other
 */
import type { Size } from '../edvr/geometry.js';
import type { FallbackReason, Frame, FrameTiming } from '../frame/frame.js';
import type { FrameWindow } from '../window/frame-window.js';
import type { Engine } from './engine.js';
import { type OnnxRuntimeOptions, SizeWorkers } from './size-workers.js';

/** A restored picture before clamp and rounding. */
export interface FloatPicture {
  readonly width: number;
  readonly height: number;
  /** RGB (H, W, 3), 0–1 but for overshoot. The receiver's, to keep or to transfer. */
  readonly data: Float32Array<ArrayBuffer>;
  readonly timing: FrameTiming;
  readonly fallback?: FallbackReason;
  /** How far the offsets fetched features from, in pixels of the frame. */
  readonly reach: number;
}

/** An {@link Engine} that gives float pictures. */
export interface FloatEngine extends Omit<Engine, 'restore'> {
  restore(stream: string, window: FrameWindow): Promise<FloatPicture>;
}

/** The CPU engine, before clamp and rounding. */
export class OnnxRuntimeFloatEngine implements FloatEngine {
  readonly spec: FloatEngine['spec'];
  readonly #workers: SizeWorkers;

  /** @param sparing whether memory goes back to the system after every window. */
  constructor(options: OnnxRuntimeOptions, sparing: boolean) {
    this.#workers = new SizeWorkers(options, { output: 'float32', offsets: 'reach', sparing });
    this.spec = this.#workers.spec;
  }

  get pids(): readonly number[] {
    return this.#workers.pids;
  }

  open(size: Size): Promise<void> {
    return this.#workers.open(size);
  }

  prepare(stream: string, frame: Frame): void {
    this.#workers.prepare(stream, frame);
  }

  async restore(stream: string, window: FrameWindow): Promise<FloatPicture> {
    const { width, height, output, timing, offsets } = await this.#workers.restore(stream, window);
    const fallback = offsets.fault === undefined ? {} : { fallback: offsets.fault };
    return { width, height, data: new Float32Array(output), timing, reach: offsets.reach, ...fallback };
  }

  setStrength(strength: number): void {
    this.#workers.setStrength(strength);
  }

  forget(stream: string): void {
    this.#workers.forget(stream);
  }

  dispose(): Promise<void> {
    return this.#workers.dispose();
  }
}

/** The time of several restorations that make one picture, one after the other. */
export function sumOfTimings(timings: readonly FrameTiming[]): FrameTiming {
  const sum = (of: (timing: FrameTiming) => number) => timings.reduce((total, timing) => total + of(timing), 0);
  return {
    waitMs: timings[0]?.waitMs ?? 0,
    pyramidMs: sum(({ pyramidMs }) => pyramidMs),
    restoreMs: sum(({ restoreMs }) => restoreMs),
  };
}
