import { describe, expect, it } from 'vitest';
import type { Size } from '../../src/edvr/geometry.js';
import { chooseScale, type ScaleCandidate } from '../../src/service/choose-scale.js';

const perPixel = (macs: number) => (size: Size) => macs * size.width * size.height;
const x4: ScaleCandidate = { name: 'live-x4', scale: 4, macs: perPixel(87_000) };
const x2: ScaleCandidate = { name: 'live-x2', scale: 2, macs: perPixel(22_000) };
const x1: ScaleCandidate = { name: 'live-x1', scale: 1, macs: perPixel(21_000) };
const GIGA = 1e9;

function choice(width: number, height: number, budget: number, candidates = [x1, x2, x4]): string {
  const { model, size } = chooseScale({ width, height }, candidates, budget) ?? { model: 'none', size: undefined };
  return `${model} ${size?.width}x${size?.height}`;
}

describe('scale auto', () => {
  it.each([
    ['a small picture', 320, 180, 5.2, 'live-x4 320x180'],
    ['one with time for ×2 as it is', 640, 360, 5.2, 'live-x2 640x360'],
    ['a large one with time enough', 1280, 720, 25, 'live-x1 1280x720'],
    ['a large one, scaled down as little as may be', 1920, 1080, 5.2, 'live-x2 648x364'],
    ['an upright one', 1080, 1920, 5.2, 'live-x2 364x648'],
    ['one for which not even the smallest size has time', 1920, 1080, 0.001, 'live-x4 56x32'],
    ['one that would grow beyond 4K', 3000, 700, 1000, 'live-x1 3000x700'],
  ])('%s', (_what, width, height, giga, expected) => {
    expect(choice(width, height, giga * GIGA)).toBe(expected);
  });

  it('makes do with the models there are', () => {
    expect(choice(1920, 1080, 5.2 * GIGA, [x4])).toBe('live-x4 324x182');
    expect(choice(1920, 1080, 5.2 * GIGA, [x1, x4])).toBe('live-x1 662x372');
    expect(chooseScale({ width: 320, height: 180 }, [], GIGA)).toBeUndefined();
  });

  it('never plans more than the budget, nor another shape', () => {
    for (const candidate of [x1, x2, x4]) {
      for (let width = 100; width < 2_000; width += 97) {
        const source = { width, height: Math.round(width * 0.6) };
        const { size } = chooseScale(source, [candidate], 3 * GIGA) ?? { size: source };
        expect(candidate.macs(size)).toBeLessThanOrEqual(3 * GIGA);
        expect(Math.abs(size.width / size.height - width / source.height)).toBeLessThan(0.06);
      }
    }
  });
});
