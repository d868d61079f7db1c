import { describe, expect, it } from 'vitest';
import { backOffMs } from '../../src/viewer/back-off.js';
import { FrameStatistics } from '../../src/viewer/frame-statistics.js';
import { ServerClock } from '../../src/viewer/server-clock.js';
import { wordsFor } from '../../src/viewer/words.js';

describe('backOffMs', () => {
  it('doubles up to ten seconds, less up to a third', () => {
    expect([1, 2, 3, 4, 5, 6, 60].map((attempt) => backOffMs(attempt, 0))).toEqual([
      500, 1000, 2000, 4000, 8000, 10_000, 10_000,
    ]);
    expect(backOffMs(60, 1)).toBe(6667);
  });
});

describe('ServerClock', () => {
  it('knows nothing before the first answer', () => {
    expect(new ServerClock().at(1000)).toBeUndefined();
  });

  it('believes the quickest answer', () => {
    const clock = new ServerClock();
    clock.learn(1000, 5100, 1180); // 180 ms there and back, most of it on the way back
    clock.learn(2000, 6005, 2010); // 10 ms
    clock.learn(3000, 7200, 3300);
    expect(clock.at(10_000)).toBe(14_000);
    clock.reset();
    expect(clock.at(10_000)).toBeUndefined();
  });

  it('forgets quick answers after a while, as clocks drift', () => {
    const clock = new ServerClock();
    clock.learn(0, 5, 2);
    for (let answer = 0; answer < 12; answer += 1) {
      clock.learn(1000, 1110, 1020);
    }
    expect(clock.at(2000)).toBe(2100);
  });
});

describe('FrameStatistics', () => {
  it('counts what is shown over the last two seconds and what is left out', () => {
    const statistics = new FrameStatistics();
    for (let frame = 0; frame < 100; frame += 1) {
      statistics.note(frame * 2, frame * 100, 50 + (frame % 3));
    }
    expect(statistics.figures(9900)).toEqual({ fps: 10, latencyMs: 51, skipped: 99, shown: 100 });
  });

  it('falls to nothing when no picture comes', () => {
    const statistics = new FrameStatistics();
    statistics.note(1, 0, 10);
    statistics.note(2, 40, 10);
    expect(statistics.figures(5000)).toMatchObject({ fps: 0, latencyMs: undefined, shown: 2 });
  });

  it('counts no gap over an interruption, and none backwards', () => {
    const statistics = new FrameStatistics();
    statistics.note(1, 0, undefined);
    statistics.interrupt();
    statistics.note(500, 40, undefined);
    statistics.note(3, 80, undefined);
    expect(statistics.figures(80)).toMatchObject({ skipped: 0, latencyMs: undefined });
  });
});

describe('wordsFor', () => {
  it('counts down to the next attempt', () => {
    const lost = { kind: 'lost', retryAtMs: 5000 } as const;
    expect(wordsFor(lost, undefined, 2100)).toMatchObject({ tone: 'bad', reason: 'Trying again in 3 s', covers: true });
    expect(wordsFor(lost, undefined, 5000).reason).toBe('Trying again…');
  });
});
