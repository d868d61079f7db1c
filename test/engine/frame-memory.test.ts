import { describe, expect, it } from 'vitest';
import { edvrOptions } from '../../src/edvr/options.js';
import { FrameMemory } from '../../src/engine/frame-memory.js';

const GIB = 2 ** 30;
const small = { width: 320, height: 180 };
const large = { width: 1920, height: 1080 };

describe('FrameMemory', () => {
  it('restores whole what fits, by its estimate', () => {
    const memory = new FrameMemory(edvrOptions(), { incremental: true, budgetBytes: 4 * GIB });
    expect(memory.fitsWhole(small, 'auto')).toBe(true);
    expect(memory.fitsWhole(large, 'auto')).toBe(false);
  });

  it('restores whole what is no larger than the tile that was asked for', () => {
    const memory = new FrameMemory(edvrOptions(), { incremental: true });
    expect(memory.fitsWhole({ width: 480, height: 270 }, { width: 480, height: 270 })).toBe(true);
    expect(memory.fitsWhole({ width: 480, height: 271 }, { width: 480, height: 270 })).toBe(false);
  });

  it('needs less for a smaller tile, and a budget of its own for keeping pyramids', () => {
    const memory = new FrameMemory(edvrOptions(), { incremental: true, budgetBytes: 4 * GIB });
    const { fits, keeps } = memory.tiledOptions('auto', undefined);
    expect(fits(large, large)).toBe(false);
    expect(fits(small, large)).toBe(true);
    expect(keeps(small, large, 40)).toBe(false);
    expect(keeps(small, small, 1)).toBe(true);
  });

  it('throws away more at the edges where the network works at a quarter of the size', () => {
    const plain = new FrameMemory(edvrOptions(), { incremental: true }).tiledOptions('auto', undefined);
    const deblur = new FrameMemory(edvrOptions({ hrIn: true }), { incremental: true }).tiledOptions('auto', undefined);
    expect([plain.overlap, plain.multiple, deblur.overlap, deblur.multiple]).toEqual([32, 4, 128, 16]);
    expect(new FrameMemory(edvrOptions(), { incremental: true }).tiledOptions('auto', 'exact').overlap).toBe('exact');
  });
});
