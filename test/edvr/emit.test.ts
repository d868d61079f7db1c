import { describe, expect, it } from 'vitest';
import { checkWeights } from '../../src/edvr/check-weights.js';
import { describeGraphs, emitGraph, type GraphRequest, parameterShapes } from '../../src/edvr/emit.js';
import { type EdvrOptionsInput, edvrOptions } from '../../src/edvr/options.js';
import type { EdvrWeights } from '../../src/edvr/parameters.js';
import { elementCount } from '../../src/onnx/tensor.js';
import { parityFrame, parityWeights } from '../fixtures/parity.js';
import { largestDifference, open, runSplit, runWindow } from '../fixtures/run-graphs.js';

const tiny: EdvrOptionsInput = {
  numFeat: 8,
  numFrame: 3,
  deformableGroups: 2,
  numExtractBlock: 1,
  numReconstructBlock: 1,
};
const light = edvrOptions({ ...tiny, featureStride: 2, tail: 'light', alignReference: false });
const paper = edvrOptions(tiny);

function frames(size: GraphRequest['size'], count = 3): readonly Uint8Array[] {
  return Array.from({ length: count }, (_, t) => parityFrame(9, t, size));
}

/** Weights as the parity tests have them, the last convolution stronger, so that pictures clip. */
function strongWeights(options: typeof light): EdvrWeights {
  const weights = parityWeights(options, 3);
  const last = weights.get('conv_last.weight');
  last?.data.forEach((value, i) => {
    last.data[i] = value * 8;
  });
  return weights;
}

describe.each([
  ['light tail', light],
  ['paper tail', paper],
])('%s', (_, options) => {
  it('gives uint8 that is the float output clamped and rounded half to even', async () => {
    const size = { width: 19, height: 13 };
    const weights = strongWeights(options);
    const float = await runWindow({ options, size, output: 'float32' }, weights, frames(size));
    const bytes = await runWindow({ options, size, output: 'uint8' }, weights, frames(size));
    expect(bytes).toBeInstanceOf(Uint8Array);
    let clipped = 0;
    for (let i = 0; i < bytes.length; i++) {
      const exact = (float[i] ?? 0) * 255;
      const clamped = Math.min(255, Math.max(0, exact));
      if (clamped !== exact) clipped++;
      // The range is folded into the weights, which moves a value by float32 rounding before it is rounded.
      expect(Math.abs((bytes[i] ?? 0) - clamped)).toBeLessThanOrEqual(0.5 + 1e-3);
    }
    expect(clipped).toBeGreaterThan(bytes.length / 100);
  });

  it.each([
    [1, 1],
    [8, 8],
    [9, 17],
    [23, 10],
  ])('restores a frame of %i×%i pixels at its own size', async (width, height) => {
    const size = { width, height };
    const request: GraphRequest = { options, size, output: 'uint8' };
    const weights = parityWeights(options, 3);
    const whole = await runWindow(request, weights, frames(size));
    const split = await runSplit(request, weights, frames(size));
    expect(whole.length).toBe(width * 4 * height * 4 * 3);
    expect(largestDifference(whole, split)).toBeLessThanOrEqual(1);
  });
});

it('pads at the bottom and right by reflection: a frame that is extended so by hand gives the same picture', async () => {
  const size = { width: 21, height: 13 };
  const padded = { width: 24, height: 16 };
  const weights = parityWeights(light, 3);
  const small = frames(size);
  const extended = small.map((frame) => {
    const out = new Uint8Array(padded.width * padded.height * 3);
    const mirrored = (i: number, n: number) => (i < n ? i : 2 * (n - 1) - i);
    for (let y = 0; y < padded.height; y++) {
      for (let x = 0; x < padded.width; x++) {
        const from = (mirrored(y, size.height) * size.width + mirrored(x, size.width)) * 3;
        out.set(frame.subarray(from, from + 3), (y * padded.width + x) * 3);
      }
    }
    return out;
  });
  const cropped = await runWindow({ options: light, size, output: 'float32' }, weights, small);
  const whole = await runWindow({ options: light, size: padded, output: 'float32' }, weights, extended);
  const row = size.width * 4 * 3;
  const expected = new Float32Array(cropped.length);
  for (let y = 0; y < size.height * 4; y++) {
    const from = y * padded.width * 4 * 3;
    expected.set(whole.subarray(from, from + row) as Float32Array, y * row);
  }
  expect(largestDifference(cropped, expected)).toBeLessThan(1e-6);
});

it('starts from the bilinear picture: with the last convolution at zero only the skip is left', async () => {
  const size = { width: 16, height: 8 };
  const weights = new Map(parityWeights(light, 3));
  for (const key of ['conv_last.weight', 'conv_last.bias']) {
    const tensor = weights.get(key);
    if (tensor) weights.set(key, { ...tensor, data: new Float32Array(tensor.data.length) });
  }
  const window = frames(size);
  const restored = await runWindow({ options: light, size, output: 'float32' }, weights, window);
  const reference = window[1] ?? new Uint8Array();
  const clamp = (i: number, n: number) => Math.min(n - 1, Math.max(0, i));
  const pixel = (y: number, x: number, c: number) =>
    (reference[(clamp(y, size.height) * size.width + clamp(x, size.width)) * 3 + c] ?? 0) / 255;
  const expected = restored.map((_: number, i: number) => {
    const c = i % 3;
    const sx = ((Math.floor(i / 3) % (size.width * 4)) + 0.5) / 4 - 0.5;
    const sy = (Math.floor(i / 3 / (size.width * 4)) + 0.5) / 4 - 0.5;
    const [x, y] = [Math.floor(sx), Math.floor(sy)];
    const [fx, fy] = [sx - x, sy - y];
    const upper = pixel(y, x, c) * (1 - fx) + pixel(y, x + 1, c) * fx;
    const lower = pixel(y + 1, x, c) * (1 - fx) + pixel(y + 1, x + 1, c) * fx;
    return upper * (1 - fy) + lower * fy;
  });
  expect(largestDifference(restored, expected)).toBeLessThan(1e-6);
});

it('describes the inputs and outputs that the graphs have', async () => {
  const request: GraphRequest = { options: light, size: { width: 21, height: 13 } };
  const weights = parityWeights(light, 3);
  const { pyramid, restore, window } = describeGraphs(request);
  const sessions = {
    pyramid: await open(emitGraph('pyramid', request, weights)),
    restore: await open(emitGraph('restore', request, weights)),
    window: await open(emitGraph('window', request, weights)),
  };
  expect(sessions.pyramid.inputNames).toEqual(['frame']);
  expect(sessions.pyramid.outputNames).toEqual(pyramid.outputs.map(({ name }) => name));
  expect(sessions.restore.inputNames).toEqual(['frame', ...restore.features.map(({ name }) => name)]);
  expect(sessions.window.inputNames).toEqual(window.frames.map(({ name }) => name));
  for (const input of restore.features) {
    const output = pyramid.outputs.find(({ name }) => name === input.feature);
    expect(output?.dims).toEqual(input.dims);
  }
  expect(restore.restored).toEqual({ name: 'restored', type: 'uint8', dims: [52, 84, 3] });
  expect(pyramid.frame).toEqual({ name: 'frame', type: 'uint8', dims: [13, 21, 3] });
});

it('does without the halves in the pyramid when asked to', () => {
  const request = { options: light, size: { width: 16, height: 16 }, incremental: false };
  expect(describeGraphs(request).pyramid.outputs.map(({ name }) => name)).toEqual(['l1', 'l2', 'l3']);
});

it('refuses a frame without pixels', () => {
  expect(() => describeGraphs({ options: light, size: { width: 0, height: 8 } })).toThrow(
    'Expected a frame of 1 to 16384 pixels a side but received 0x8',
  );
});

describe('weights', () => {
  it.each([
    ['edvr-m', {}, 3_300_131, 144],
    ['edvr-m without TSA', { withTsa: false }, 2_996_259, 120],
    ['edvr-l', { numFeat: 128, numReconstructBlock: 40 }, 20_633_827, 264],
    ['edvr-l of seven frames', { numFeat: 128, numReconstructBlock: 40, numFrame: 7 }, 20_699_363, 264],
    ['edvr-l with PreDeblur', { numFeat: 128, numReconstructBlock: 40, withPredeblur: true }, 23_306_851, 302],
    ['edvr-l deblurring', { numFeat: 128, numReconstructBlock: 40, withPredeblur: true, hrIn: true }, 23_602_019, 306],
  ] as const)('%s has %i… parameters as released', (_, options, parameters, tensors) => {
    const shapes = [...parameterShapes(edvrOptions(options)).values()];
    expect(shapes.reduce((sum, dims) => sum + elementCount(dims), 0)).toBe(parameters);
    expect(shapes).toHaveLength(tensors);
  });

  it('are refused by name when some are missing, left over, misshapen or not finite', () => {
    const weights = new Map(parityWeights(light, 1));
    const without = new Map([...weights].filter(([key]) => !key.startsWith('fusion.spatial_attn_add')));
    expect(() => checkWeights(light, without, 'a.pth')).toThrow(
      'Expected tensors that are missing: fusion.spatial_attn_add1.weight, fusion.spatial_attn_add1.bias, fusion.spatial_attn_add2.weight and 1 more (a.pth)',
    );
    const extra = new Map(weights).set('ema.step', { dims: [1], data: Float32Array.of(1) });
    expect(() => checkWeights(light, extra, 'a.pth')).toThrow(
      'Expected no tensors that the options have no use for: ema.step (a.pth)',
    );
    const misshapen = new Map(weights).set('conv_last.bias', { dims: [12], data: new Float32Array(12) });
    expect(() => checkWeights(light, misshapen, 'a.pth')).toThrow(
      'Expected tensors of other shapes: conv_last.bias [192], received [12] (a.pth)',
    );
    const broken = new Map(weights).set('conv_last.bias', {
      dims: [192],
      data: new Float32Array(192).fill(Number.NaN),
    });
    expect(() => checkWeights(light, broken, 'a.pth')).toThrow(
      'Expected finite values in every tensor: conv_last.bias (a.pth)',
    );
    expect(() => checkWeights(light, weights, 'a.pth')).not.toThrow();
  });

  it('are asked for by shape when a graph is emitted', () => {
    const request = { options: light, size: { width: 16, height: 16 } };
    expect(() => emitGraph('pyramid', request, new Map())).toThrow(
      'Expected a tensor conv_first.weight of shape [8,12,3,3] but received none',
    );
  });
});
