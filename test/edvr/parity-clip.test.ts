/**
 * The ends of a clip, restored in every padding mode as PyTorch restored them (models/training/parity.py).
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { paddingModes, windowIndices } from '../../src/window/padding.js';
import { parityFrame, parityWeights, readClipGolden } from '../fixtures/parity.js';
import { type ClipGraphs, largestDifference, openSplit, openWindow } from '../fixtures/run-graphs.js';

/** As in parity.test.ts. */
const TOLERANCE = 1e-4;

const { options, seed, size, frames, stride, values, cases } = readClipGolden();

let graphs: { readonly whole: ClipGraphs; readonly split: ClipGraphs };

beforeAll(async () => {
  const request = { options, size, output: 'float32' } as const;
  const weights = parityWeights(options, seed);
  const clip = Array.from({ length: frames }, (_, t) => parityFrame(seed, t, size));
  graphs = { whole: await openWindow(request, weights, clip), split: await openSplit(request, weights, clip) };
});

it('holds both ends of the clip in all four modes', () => {
  const held = cases.map(({ mode, t }) => `${mode} ${t}`);
  expect(held).toEqual(paddingModes.flatMap((mode) => [0, 1, frames - 2, frames - 1].map((t) => `${mode} ${t}`)));
});

describe.each(cases.map((one, index) => ({ ...one, index })))(
  'frame $t padded by $mode',
  ({ mode, t, window, index }) => {
    const length = values.length / cases.length;
    const golden = values.subarray(index * length, (index + 1) * length);

    it.each(['whole', 'split'] as const)('is restored as PyTorch does, %s', async (form) => {
      const indices = windowIndices(mode, t, options.numFrame, frames - 1);
      expect(indices).toEqual(window);
      const restored = (await graphs[form].restore(indices)) as Float32Array;
      expect(
        largestDifference(
          restored.filter((_, i) => i % stride === 0),
          golden,
        ),
      ).toBeLessThan(TOLERANCE);
    });
  },
);
