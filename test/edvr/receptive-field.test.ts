import { describe, expect, it } from 'vitest';
import { type EdvrOptionsInput, edvrOptions, outputScale } from '../../src/edvr/options.js';
import { receptiveField } from '../../src/edvr/receptive-field.js';
import { parityFrame, parityWeights } from '../fixtures/parity.js';
import { runWindow } from '../fixtures/run-graphs.js';

const small: EdvrOptionsInput = {
  numFeat: 4,
  numFrame: 3,
  deformableGroups: 1,
  numExtractBlock: 1,
  numReconstructBlock: 1,
};
/** Sizes are multiples of what the network asks for, so that no mirrored pixel stands at the end. */
const networks: readonly [string, EdvrOptionsInput, number][] = [
  ['plain', small, 192],
  ['without TSA', { ...small, withTsa: false }, 160],
  ['of half-size features with a light tail', { ...small, featureStride: 2, tail: 'light', scale: 2 }, 384],
  ['that sees the reference again', { ...small, featureStride: 4, reconstructStride: 2, tail: 'light' }, 576],
  [
    'guided by optical flow',
    { ...small, alignment: 'guided', reconstructStride: 1, tail: 'light', alignReference: false },
    768,
  ],
  [
    'whose pixels optical flow brings',
    { ...small, alignment: 'flow', reconstructStride: 1, tail: 'light', alignReference: false, withTsa: false },
    640,
  ],
  [
    'whose pixels optical flow brings into features at a quarter',
    {
      ...{ ...small, alignment: 'flow', featureStride: 4, reconstructStride: 4, tail: 'light', scale: 1 },
      ...{ alignReference: false, withTsa: false },
    },
    1280,
  ],
  ['with PreDeblur', { ...small, withPredeblur: true }, 256],
  ['that takes frames at output size', { ...small, hrIn: true }, 768],
];

describe('receptiveField', () => {
  it.each(networks)('holds for a network %s, and is no more than thrice what is seen', async (_name, input, width) => {
    const options = edvrOptions(input);
    const size = { width, height: 16 };
    // Offsets of zero: what is left is the fixed reach.
    const weights = new Map(
      [...parityWeights(options, 3)].map(([key, { dims, data }]) => [
        key,
        { dims, data: key.includes('conv_offset.') ? data.map(() => 0) : data },
      ]),
    );
    const frames = [0, 1, 2].map((t) => parityFrame(3, t, size));
    // The left end of every frame differs; how far to the right does it show?
    const changed = frames.map((frame) => frame.map((value, i) => (i % (width * 3) < 3 ? 255 - value : value)));
    const request = { options, size, output: 'float32' } as const;
    const before = await runWindow(request, weights, frames);
    const after = await runWindow(request, weights, changed);
    const scale = outputScale(options);
    let reached = 0;
    for (const [i, value] of after.entries()) {
      if (value !== before[i]) reached = Math.max(reached, Math.floor((i % (width * scale * 3)) / 3 / scale));
    }
    expect(reached).toBeLessThanOrEqual(receptiveField(options));
    expect(reached).toBeGreaterThanOrEqual(receptiveField(options) / 3);
  });
});
