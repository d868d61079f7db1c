import { describe, expect, it } from 'vitest';
import { type PaddingMode, paddingModes, windowIndices } from '../../src/window/padding.js';

const last = 9;
const table: readonly [PaddingMode, readonly number[], readonly number[]][] = [
  ['replicate', [0, 0, 0, 1, 2], [7, 8, 9, 9, 9]],
  ['reflection', [2, 1, 0, 1, 2], [7, 8, 9, 8, 7]],
  ['reflection_circle', [4, 3, 0, 1, 2], [7, 8, 9, 6, 5]],
  ['circle', [3, 4, 0, 1, 2], [7, 8, 9, 5, 6]],
];

describe('windowIndices', () => {
  it.each(table)('pads the first and the last frame by %s as the paper’s code does', (mode, first, end) => {
    expect(windowIndices(mode, 0, 5, last)).toEqual(first);
    expect(windowIndices(mode, last, 5, last)).toEqual(end);
  });

  it('pads the second frame and a window of seven by reflection_circle', () => {
    expect(windowIndices('reflection_circle', 1, 5, last)).toEqual([4, 0, 1, 2, 3]);
    expect(windowIndices('reflection_circle', 0, 7, last)).toEqual([6, 5, 4, 0, 1, 2, 3]);
  });

  it('falls back to replication for a clip too short for its mode', () => {
    expect(windowIndices('reflection_circle', 1, 5, 3)).toEqual([0, 0, 1, 2, 3]);
    expect(windowIndices('reflection', 0, 5, 1)).toEqual([0, 0, 0, 1, 1]);
  });

  it('never leaves the clip, and keeps the reference in the middle', () => {
    for (const mode of paddingModes) {
      for (const size of [1, 3, 5, 7]) {
        for (let end = 0; end < 12; end += 1) {
          for (let t = 0; t <= end; t += 1) {
            const indices = windowIndices(mode, t, size, end);
            expect(indices[size >> 1]).toBe(t);
            expect(Math.min(...indices)).toBeGreaterThanOrEqual(0);
            expect(Math.max(...indices)).toBeLessThanOrEqual(end);
          }
        }
      }
    }
  });
});
