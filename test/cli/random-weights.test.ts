import { describe, expect, it } from 'vitest';
import { randomWeightsRemarks } from '../../src/cli/random-weights.js';

describe('a network without weights of its own', () => {
  it('is told of once, wherever it stands among the stages', async () => {
    expect(await randomWeightsRemarks(['live-x4, edvr-m', 'edvr-m', 'edvr-live'])).toEqual([
      'edvr-m has random weights until a checkpoint of that name is imported or pulled; limpid models list shows what there is',
      'edvr-live has random weights until a checkpoint of that name is imported or pulled; limpid models list shows what there is',
    ]);
  });

  it('is none of what has weights, needs none, or is not there', async () => {
    expect(await randomWeightsRemarks(['live-x4', 'bypass', 'bicubic', 'no-such-model'])).toEqual([]);
  });
});
