import { describe, expect, it, vi } from 'vitest';
import { RateLimitedReports } from '../../src/stream/rate-limited-reports.js';
import { StreamStatistics } from '../../src/stream/statistics.js';
import { testFrame } from '../fixtures/frames.js';

describe('StreamStatistics', () => {
  it('gives the rate over the last two seconds, and zero when nothing comes any more', () => {
    const statistics = new StreamStatistics();
    for (let i = 0; i < 100; i += 1) {
      statistics.countIn(testFrame(0), i * 40);
    }
    expect(statistics.fpsIn(3_960)).toBe(25);
    expect(statistics.fpsIn(10_000)).toBe(0);
    expect(statistics.framesIn).toBe(100);
  });

  it('gives the rate after the clock was set back', () => {
    const statistics = new StreamStatistics();
    for (const startMs of [3_600_000, 0]) {
      for (let i = 0; i < 50; i += 1) {
        statistics.countIn(testFrame(0), startMs + i * 40);
      }
    }
    expect(statistics.fpsIn(1_960)).toBe(25);
  });

  it('gives quantiles over the newest three hundred frames', () => {
    const statistics = new StreamStatistics();
    const source = testFrame(0, { captureTimeMs: 0 });
    for (let i = 0; i < 1_000; i += 1) {
      const restoreMs = i < 700 ? 1_000 : i - 700;
      statistics.countShown({ frame: source, source, timing: { waitMs: 0, pyramidMs: 1, restoreMs } }, 50);
    }
    expect(statistics.stageMs().restore).toEqual({ p50: 150, p95: 285, p99: 297 });
    expect(statistics.stageMs().total.p50).toBe(50);
  });
});

it('counts no frame as restored that is shown upscaled in its stead', () => {
  const statistics = new StreamStatistics();
  const frame = testFrame(0, { captureTimeMs: 0 });
  const shown = { frame, source: frame, timing: { waitMs: 0, pyramidMs: 0, restoreMs: 0 } };
  statistics.countShown(shown, 0);
  statistics.countShown({ ...shown, fallback: 'engine-opening' }, 10);
  statistics.countShown({ ...shown, fallback: 'engine-opening' }, 20);
  expect(statistics.framesRestored).toBe(1);
  expect(statistics.framesFallback).toMatchObject({ 'engine-opening': 2, 'engine-lost': 0 });
  expect(statistics.fpsRestored(20)).toBe(0.5);
});

describe('the latency ledger', () => {
  it('states how late frames came against the earliest of their session lately, and what lies beyond the stream', () => {
    const statistics = new StreamStatistics();
    const late = [0, 12, 0, 30, 6];
    for (const [seq, ms] of late.entries()) {
      statistics.countIn(testFrame(seq, { captureTimeMs: 5_000 + 40 * seq + ms }), 0);
    }
    // Another session, another offset: nothing of the first counts.
    statistics.countIn(testFrame(5, { session: 1, discontinuity: true, captureTimeMs: 90_000 }), 0);
    statistics.noteStage('encode', 7);
    statistics.noteStage('send', 2);
    const { capture, encode, send } = statistics.stageMs();
    expect([capture.p50, capture.p99, encode.p95, send.p95]).toEqual([6, 30, 7, 2]);
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

  it('goes on after the clock was set back', () => {
    vi.useFakeTimers({ toFake: ['Date', 'performance'] });
    try {
      const lines: string[] = [];
      const reports = new RateLimitedReports((line) => lines.push(line));
      reports.report('slow');
      vi.setSystemTime(Date.now() - 3_600_000);
      vi.advanceTimersByTime(1_500);
      reports.report('slower');
      expect(lines).toEqual(['slow', 'slower']);
    } finally {
      vi.useRealTimers();
    }
  });
});
