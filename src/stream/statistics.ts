/**
 * Counts and times of one stream, for the status line, the viewer and the metrics.
 */
import type { FallbackReason, Frame, RestoredFrame } from '../frame/frame.js';
import {
  type NotedStage,
  noFallbacks,
  noneSkipped,
  type Quantiles,
  type SkipReason,
  type Stage,
  stages,
} from '../frame/live-stream.js';

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
  readonly #stages = perStage(() => new Samples());
  readonly #arrivals = new Arrivals();

  countIn(frame: Frame, nowMs: number): void {
    this.framesIn += 1;
    this.#in.count(nowMs);
    this.#stages.capture.add(this.#arrivals.lateMs(frame));
  }

  /** Takes the time of one frame in a stage that the stream itself does not see. */
  noteStage(stage: NotedStage, elapsedMs: number): void {
    this.#stages[stage].add(elapsedMs);
  }

  /** Counts a frame that is shown: restored, or upscaled in its stead, which is no frame restored. */
  countShown({ timing, source, fallback }: RestoredFrame, nowMs: number): void {
    if (fallback === undefined) {
      this.framesRestored += 1;
      this.#restored.count(nowMs);
    } else {
      this.framesFallback[fallback] += 1;
    }
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
    return perStage((stage) => this.#stages[stage].quantiles());
  }
}

function perStage<T>(of: (stage: Stage) => T): Record<Stage, T> {
  return Object.fromEntries(stages.map((stage) => [stage, of(stage)])) as Record<Stage, T>;
}

/** How late frames come, against their own time stamps. */
class Arrivals {
  readonly #offsets = new Samples();
  #session = -1;
  #earliestMs = 0;
  #count = 0;

  /** A receiver can't know when a camera took a picture, but whether it came later than others of its session, ms. */
  lateMs({ session, discontinuity, captureTimeMs, ptsNs }: Frame): number {
    const offsetMs = captureTimeMs - Number(ptsNs / 1_000n) / 1_000;
    if (session !== this.#session || discontinuity) {
      this.#session = session;
      this.#offsets.clear();
      this.#count = 0;
    }
    this.#offsets.add(offsetMs);
    // The two clocks drift apart: only the last few hundred frames count, looked through now and then.
    this.#earliestMs = this.#count % SAMPLES === 0 ? this.#offsets.smallest() : Math.min(this.#earliestMs, offsetMs);
    this.#count += 1;
    return offsetMs - this.#earliestMs;
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
    // What lies ahead was counted before the clock was set back.
    while (first !== undefined && (first <= nowMs - RATE_WINDOW_MS || first > nowMs)) {
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

  clear(): void {
    this.#count = 0;
  }

  /** The smallest value; infinite without any. */
  smallest(): number {
    return this.#values
      .slice(0, Math.min(this.#count, SAMPLES))
      .reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  }

  quantiles(): Quantiles {
    const sorted = this.#values.slice(0, Math.min(this.#count, SAMPLES)).sort();
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
    return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
  }
}
