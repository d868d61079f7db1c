import { describe, expect, it } from 'vitest';
import { RateLimitedReports } from '../../src/stream/rate-limited-reports.js';
import { StreamStatistics } from '../../src/stream/statistics.js';
import { testFrame } from '../fixtures/frames.js';

describe('StreamStatistics', () => {
  it('gives the rate over the last two seconds, and zero when nothing comes any more', () => {
    const statistics = new StreamStatistics();
    for (let i = 0; i < 100; i += 1) {
      statistics.countIn(i * 40);
    }
    expect(statistics.fpsIn(3_960)).toBe(25);
    expect(statistics.fpsIn(10_000)).toBe(0);
    expect(statistics.framesIn).toBe(100);
  });

  it('gives quantiles over the newest three hundred frames', () => {
    const statistics = new StreamStatistics();
    const source = testFrame(0, { captureTimeMs: 0 });
    for (let i = 0; i < 1_000; i += 1) {
      const restoreMs = i < 700 ? 1_000 : i - 700;
      statistics.countRestored({ frame: source, source, timing: { waitMs: 0, pyramidMs: 1, restoreMs } }, 50);
    }
    expect(statistics.stageMs().restore).toEqual({ p50: 150, p95: 285, p99: 297 });
    expect(statistics.stageMs().total.p50).toBe(50);
  });
});

describe('RateLimitedReports', () => {
  it('writes at most one line a second and says how many it held back', () => {
    let nowMs = 0;
    const lines: string[] = [];
    const reports = new RateLimitedReports(
      (line) => lines.push(line),
      () => nowMs,
    );
    reports.report('slow');
    reports.report('slow');
    reports.report('slow');
    nowMs = 1_500;
    reports.report('slow');
    reports.report('slower');
    reports.flush();
    expect(lines).toEqual(['slow', 'slow (and 2 more since the last report)', 'slower']);
  });
});
