/**
 * Counts and times of one stream, for the status line, the viewer and the metrics.
 */
import type { FallbackReason, RestoredFrame } from '../frame/frame.js';
import { noFallbacks, noneSkipped, type Quantiles, type SkipReason, type Stage } from '../frame/live-stream.js';

/** Frames over which quantiles are taken. */
const SAMPLES = 300;
const RATE_WINDOW_MS = 2_000;

/** Running statistics. Constant memory; quantiles are computed only when asked for. */
export class StreamStatistics {
  framesIn = 0;
  framesRestored = 0;
  reconnects = 0;
  sceneCuts = 0;
  /** Where the stream stands on its overload ladder; 0 is the model that is wanted. */
  overloadStep = 0;
  overloadMoves = 0;
  readonly framesSkipped: Record<SkipReason, number> = { ...noneSkipped };
  readonly framesFallback: Record<FallbackReason, number> = { ...noFallbacks };
  readonly #in = new Rate();
  readonly #restored = new Rate();
  readonly #stages: Record<Stage, Samples> = {
    wait: new Samples(),
    pyramid: new Samples(),
    restore: new Samples(),
    total: new Samples(),
  };

  countIn(nowMs: number): void {
    this.framesIn += 1;
    this.#in.count(nowMs);
  }

  countRestored({ timing, source, fallback }: RestoredFrame, nowMs: number): void {
    this.framesRestored += 1;
    if (fallback !== undefined) {
      this.framesFallback[fallback] += 1;
    }
    this.#restored.count(nowMs);
    this.#stages.wait.add(timing.waitMs);
    this.#stages.pyramid.add(timing.pyramidMs);
    this.#stages.restore.add(timing.restoreMs);
    this.#stages.total.add(nowMs - source.captureTimeMs);
  }

  moveTo(overloadStep: number): void {
    this.overloadStep = overloadStep;
    this.overloadMoves += 1;
  }

  countSceneCut(): void {
    this.sceneCuts += 1;
  }

  countSkipped(reason: SkipReason): void {
    this.framesSkipped[reason] += 1;
  }

  fpsIn(nowMs: number): number {
    return this.#in.perSecond(nowMs);
  }

  fpsRestored(nowMs: number): number {
    return this.#restored.perSecond(nowMs);
  }

  stageMs(): Record<Stage, Quantiles> {
    const { wait, pyramid, restore, total } = this.#stages;
    return {
      wait: wait.quantiles(),
      pyramid: pyramid.quantiles(),
      restore: restore.quantiles(),
      total: total.quantiles(),
    };
  }
}

/** Events a second over the last two seconds. */
class Rate {
  readonly #times: number[] = [];

  count(nowMs: number): void {
    this.#times.push(nowMs);
    this.#forget(nowMs);
  }

  perSecond(nowMs: number): number {
    this.#forget(nowMs);
    return (this.#times.length * 1_000) / RATE_WINDOW_MS;
  }

  #forget(nowMs: number): void {
    let first = this.#times[0];
    while (first !== undefined && first <= nowMs - RATE_WINDOW_MS) {
      this.#times.shift();
      first = this.#times[0];
    }
  }
}

/** The last few hundred values of one stage. */
class Samples {
  readonly #values = new Float64Array(SAMPLES);
  #count = 0;

  add(value: number): void {
    this.#values[this.#count % SAMPLES] = value;
    this.#count += 1;
  }

  quantiles(): Quantiles {
    const sorted = this.#values.slice(0, Math.min(this.#count, SAMPLES)).sort();
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
    return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
  }
}
