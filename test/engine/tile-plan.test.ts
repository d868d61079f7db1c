import { describe, expect, it } from 'vitest';
import { planTiles, planToFit, seamsOf, type TileRules, tileCount } from '../../src/engine/tile-plan.js';

const rules: TileRules = { multiple: 8, context: 20, ramp: 16 };

describe('planTiles', () => {
  it('leaves a frame whole that is no larger than a tile', () => {
    const plan = planTiles({ width: 35, height: 22 }, { width: 35, height: 40 }, rules);
    expect(plan).toEqual({ columns: { starts: [0], length: 35 }, rows: { starts: [0], length: 22 } });
  });

  it('cuts on multiples, to the end of the frame, with context left and right of every ramp', () => {
    for (let width = 120; width < 700; width += 7) {
      for (const tile of [112, 119, 150, 200]) {
        const { starts, length } = planTiles({ width, height: 8 }, { width: tile, height: 8 }, rules).columns;
        if (starts.length === 1) continue;
        expect(length).toBeLessThanOrEqual(tile);
        expect(length % 8).toBe(width % 8);
        expect(starts.every((start) => start % 8 === 0)).toBe(true);
        expect([starts[0], (starts.at(-1) ?? 0) + length]).toEqual([0, width]);
        let last = 0;
        for (const [i, seam] of seamsOf({ starts, length }, rules, 1).entries()) {
          const before = starts[i] ?? 0;
          expect(before + seam.before).toBe((starts[i + 1] ?? 0) + seam.after);
          expect(seam.after).toBeGreaterThanOrEqual(rules.context);
          expect(length - seam.before - seam.length).toBeGreaterThanOrEqual(rules.context);
          expect(before + seam.before).toBeGreaterThanOrEqual(last);
          last = before + seam.before + seam.length;
        }
      }
    }
  });

  it('refuses tiles that are all overlap, and says how large they must be', () => {
    expect(() => planTiles({ width: 400, height: 8 }, { width: 70, height: 8 }, rules)).toThrow(
      'Expected tiles of at least 96 pixels a side with an overlap of 20 but received 70',
    );
  });
});

describe('planToFit', () => {
  it('cuts the longer side until the tiles fit', () => {
    const plan = planToFit({ width: 1920, height: 1080 }, rules, (tile) => tile.width * tile.height < 300_000);
    expect(plan.columns.length * plan.rows.length).toBeLessThan(300_000);
    expect(tileCount(plan)).toBeGreaterThan(6);
    expect(tileCount(plan)).toBeLessThan(15);
  });

  it('gives up on tiles that are hardly more than overlap', () => {
    expect(() => planToFit({ width: 1920, height: 1080 }, rules, () => false)).toThrow(
      'Expected a frame whose tiles fit into memory but received 1920x1080; a smaller overlap needs less',
    );
  });
});
