import { expect, it } from 'vitest';
import { moduleOf, networkCosts } from '../../src/edvr/costs.js';
import { parameterShapes } from '../../src/edvr/emit.js';
import { edvrOptions } from '../../src/edvr/options.js';
import { knownNetworks } from '../../src/model/networks.js';

const options = edvrOptions({
  numFeat: 16,
  numFrame: 3,
  deformableGroups: 2,
  numExtractBlock: 3,
  numReconstructBlock: 6,
  numReconstructFeat: 32,
  featureStride: 2,
  tail: 'light',
  alignReference: false,
});

it('counts a convolution as pixels × outputs × inputs × taps, at the padded size', () => {
  const costs = networkCosts(options, { width: 317, height: 180 });
  const pixels = 160 * 92;
  const upsampling = costs.modules.find(({ name }) => name === 'upsampling');
  expect(upsampling).toEqual({
    name: 'upsampling',
    parameters: 192 * 32 * 9 + 192,
    macs: pixels * 192 * 32 * 9,
    streamingMacs: pixels * 192 * 32 * 9,
  });
});

it('counts one pyramid a frame for a stream, and every frame of the window in one graph', () => {
  const costs = networkCosts(options, { width: 320, height: 184 });
  const pyramid = costs.modules.find(({ name }) => name === 'feature_pyramid');
  expect(pyramid?.macs).toBe(3 * (pyramid?.streamingMacs ?? 0));
});

it('counts the halves of the first offset convolutions once a frame, where the paper has them per pair', () => {
  const costs = networkCosts(options, { width: 320, height: 184 });
  const align = costs.modules.find(({ name }) => name === 'pcd_align');
  const half = 16 * 16 * 9 * 92 * 160;
  const levels = 1 + 1 / 4 + 1 / 16;
  // Two neighbours: four halves a level and in the cascade; a stream has two a level, and three in the cascade.
  expect((align?.macs ?? 0) - (align?.streamingMacs ?? 0)).toBe(half * (2 * levels + 1));
});

it('knows the section of every parameter', () => {
  const keys = [...parameterShapes(edvrOptions({ withPredeblur: true, hrIn: true })).keys()];
  const sections = new Set(keys.map(moduleOf));
  expect([...sections].sort()).toEqual(
    ['feature_pyramid', 'fusion', 'pcd_align', 'predeblur', 'reconstruction', 'upsampling'].sort(),
  );
  expect(moduleOf('conv_l2_1.weight')).toBe('feature_pyramid');
  expect(moduleOf('predeblur.conv_first.weight')).toBe('predeblur');
  expect(moduleOf('conv_hr.bias')).toBe('upsampling');
  expect(moduleOf('align.dcn_pack.0.bias')).toBe('align');
});

it.each([
  ['edvr-model-1', 640.2, 634.5],
  ['edvr-model-2', 932.9, 913.2],
  ['edvr-model-3', 939.3, 938.3],
  ['edvr-model-4', 936.5, 973.6],
])('counts %s within 5 %% of the %d GFLOPs of Table 4, two to a multiply-accumulate: %d', (name, paper, counted) => {
  const network = knownNetworks.get(name);
  const { macs } = networkCosts(edvrOptions(network?.options), { width: 320, height: 180 });
  const giga = (2 * macs) / 1e9;
  expect(Math.abs(giga / paper - 1)).toBeLessThan(0.05);
  expect(giga).toBeCloseTo(counted, 1);
});

it('counts one deformable convolution more as its offsets and its product', () => {
  const size = { width: 320, height: 180 };
  const [one, four] = (['single', 'stacked'] as const).map((alignment) => {
    const costs = networkCosts(edvrOptions({ alignment }), size);
    return costs.modules.find(({ name }) => name === 'align')?.macs ?? 0;
  });
  // Five frames; conv_offset makes 27 channels for each of 8 groups, the product 64.
  expect((four ?? 0) - (one ?? 0)).toBe(3 * 5 * 320 * 180 * 9 * 64 * (27 * 8 + 64));
});
