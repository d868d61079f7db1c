/**
 * What the page tells about the pictures it showed: how many a second, how late, how many were left out.
 */

/** Span that rates and latencies are taken over, ms. */
const SPAN_MS = 2000;

interface Shown {
  readonly atMs: number;
  readonly latencyMs: number | undefined;
}

/** One look at the statistics. */
export interface FrameFigures {
  /** Pictures a second over the last two seconds. */
  readonly fps: number;
  /** Median over the last two seconds, ms; undefined while the server's clock is unknown. */
  readonly latencyMs: number | undefined;
  /** Source pictures left out between the first and the last one shown. */
  readonly skipped: number;
  readonly shown: number;
}

/** Counts shown pictures. Times are in ms on any one clock. */
export class FrameStatistics {
  #recent: Shown[] = [];
  #lastSeq: number | undefined;
  #skipped = 0;
  #shown = 0;

  /** A picture is on the screen. */
  note(seq: number, atMs: number, latencyMs: number | undefined): void {
    if (this.#lastSeq !== undefined && seq > this.#lastSeq) {
      this.#skipped += seq - this.#lastSeq - 1;
    }
    this.#lastSeq = seq;
    this.#shown += 1;
    this.#recent = [...this.#recent.filter((shown) => shown.atMs > atMs - SPAN_MS), { atMs, latencyMs }];
  }

  /** The next picture does not follow on the last one (hidden page, other stream or server): no gap is counted. */
  interrupt(): void {
    this.#lastSeq = undefined;
  }

  figures(nowMs: number): FrameFigures {
    const recent = this.#recent.filter((shown) => shown.atMs > nowMs - SPAN_MS);
    const latencies = recent.flatMap(({ latencyMs }) => (latencyMs === undefined ? [] : [latencyMs]));
    return {
      fps: rate(recent, nowMs),
      latencyMs: median(latencies),
      skipped: this.#skipped,
      shown: this.#shown,
    };
  }
}

/** Over the whole span once it is filled; from the first picture on before that. */
function rate(recent: readonly Shown[], nowMs: number): number {
  const first = recent[0];
  if (first === undefined || recent.length < 2) {
    return 0;
  }
  const spanMs = Math.max(nowMs - first.atMs, 1);
  return ((recent.length - 1) * 1000) / spanMs;
}

function median(values: readonly number[]): number | undefined {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** Bytes that came over the line, as a rate over the last two seconds. */
export class BitRate {
  #recent: { readonly atMs: number; readonly bytes: number }[] = [];

  note(bytes: number, atMs: number): void {
    this.#recent = [...this.#recent.filter((one) => one.atMs > atMs - SPAN_MS), { atMs, bytes }];
  }

  /** Megabits a second. */
  megabits(nowMs: number): number {
    const bytes = this.#recent.filter(({ atMs }) => atMs > nowMs - SPAN_MS).reduce((sum, one) => sum + one.bytes, 0);
    return (bytes * 8) / SPAN_MS / 1000;
  }
}
