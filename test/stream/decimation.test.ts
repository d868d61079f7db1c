import { describe, expect, it } from 'vitest';
import type { Frame } from '../../src/frame/frame.js';
import { Decimation } from '../../src/stream/decimation.js';
import { testFrame } from '../fixtures/frames.js';

/** Frames of 40 ms, restorations of `tookMs`: what is kept of them. */
function thin(tookMs: number, marks: Readonly<Record<number, Partial<Frame>>> = {}) {
  const skipped: number[] = [];
  const decimation = new Decimation(({ seq }) => skipped.push(seq));
  const kept = Array.from({ length: 12 }, (_, seq) => {
    const frames = decimation.take(testFrame(seq, marks[seq]));
    decimation.observe({ waitMs: 0, pyramidMs: tookMs / 4, restoreMs: (3 * tookMs) / 4 });
    return frames;
  }).flat();
  return { kept, skipped, decimation };
}

describe('decimation', () => {
  it('keeps every frame while there is time', () => {
    expect(thin(39).skipped).toEqual([]);
  });

  it('keeps one frame of as many as the engine is too slow by, and tells the others', () => {
    const { kept, skipped } = thin(100);
    expect(kept.map(({ seq }) => seq)).toEqual([0, 1, 2, 5, 8, 11]);
    expect(skipped).toEqual([3, 4, 6, 7, 9, 10]);
  });

  it('hands on what a frame that was left out began', () => {
    const { kept } = thin(100, { 6: { discontinuity: true }, 10: { sceneCut: true } });
    expect(kept.filter(({ discontinuity }) => discontinuity).map(({ seq }) => seq)).toEqual([8]);
    expect(kept.filter(({ sceneCut }) => sceneCut).map(({ seq }) => seq)).toEqual([11]);
  });

  it('does not swing between two rates at the limit', () => {
    const { decimation } = thin(81);
    expect(decimation.factor).toBe(3);
    for (let i = 0; i < 50; i += 1) {
      decimation.observe({ waitMs: 0, pyramidMs: 0, restoreMs: 78 });
    }
    expect(decimation.factor).toBe(3);
    for (let i = 0; i < 50; i += 1) {
      decimation.observe({ waitMs: 0, pyramidMs: 0, restoreMs: 60 });
    }
    expect(decimation.factor).toBe(2);
  });
});
