/**
 * Eq. 1 as a naive loop in float64 against the ONNX operation, with asymmetric shapes throughout.
 */
import * as ort from 'onnxruntime-node';
import { expect, it } from 'vitest';
import { deformableConv } from '../../src/edvr/deformable-conv.js';
import type { Network } from '../../src/edvr/network.js';
import { edvrOptions } from '../../src/edvr/options.js';
import { parametersFrom } from '../../src/edvr/parameters.js';
import { GraphBuilder } from '../../src/onnx/graph-builder.js';
import { type Dims, elementCount } from '../../src/onnx/tensor.js';
import { elementsOf, largestDifference, open } from '../fixtures/run-graphs.js';

const [c, h, w, groups] = [6, 5, 7, 3];
const taps = 9;

/** Values in ±scale, the same on every run. */
function noise(dims: Dims, scale: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: elementCount(dims) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return ((state >>> 8) / 2 ** 23 - 1) * scale;
  });
}

interface Sampling {
  readonly offset: Float32Array;
  readonly mask: Float32Array;
}

/** y(p0) = Σ_k w_k · x(p0 + p_k + Δp_k) · Δm_k; a corner outside the picture counts as zero. */
function naive(x: Float32Array, weight: Float32Array, bias: Float32Array, { offset, mask }: Sampling): Float32Array {
  const at = (channel: number, y: number, u: number) =>
    y < 0 || y >= h || u < 0 || u >= w ? 0 : (x[(channel * h + y) * w + u] ?? 0);
  const out = new Float32Array(c * h * w);
  for (let o = 0; o < c; o++) {
    for (let y = 0; y < h; y++) {
      for (let u = 0; u < w; u++) {
        let sum = bias[o] ?? 0;
        for (let i = 0; i < c; i++) {
          const group = Math.floor(i / (c / groups));
          for (let k = 0; k < taps; k++) {
            const channel = 2 * (group * taps + k);
            const py = y + Math.floor(k / 3) - 1 + (offset[(channel * h + y) * w + u] ?? 0);
            const px = u + (k % 3) - 1 + (offset[((channel + 1) * h + y) * w + u] ?? 0);
            const [y0, x0] = [Math.floor(py), Math.floor(px)];
            const [fy, fx] = [py - y0, px - x0];
            const sample =
              at(i, y0, x0) * (1 - fy) * (1 - fx) +
              at(i, y0, x0 + 1) * (1 - fy) * fx +
              at(i, y0 + 1, x0) * fy * (1 - fx) +
              at(i, y0 + 1, x0 + 1) * fy * fx;
            sum += (weight[(o * c + i) * taps + k] ?? 0) * sample * (mask[((group * taps + k) * h + y) * w + u] ?? 0);
          }
        }
        out[(o * h + y) * w + u] = sum;
      }
    }
  }
  return out;
}

it('is the operation of ONNX with offsets as Δy, Δx per group and tap', async () => {
  const dims = {
    x: [1, c, h, w],
    weight: [c, c, 3, 3],
    bias: [c],
    offset: [1, 2 * taps * groups, h, w],
    mask: [1, taps * groups, h, w],
  };
  const x = noise(dims.x, 1, 1);
  const weight = noise(dims.weight, 1, 2);
  const bias = noise(dims.bias, 1, 3);
  // Offsets of up to four pixels on a 5×7 picture: many samples lie outside or on the border.
  const sampling = { offset: noise(dims.offset, 4, 4), mask: noise(dims.mask, 1, 5) };

  const graph = new GraphBuilder('deform');
  const offset = graph.input('offset', 'float32', dims.offset);
  const mask = graph.input('mask', 'float32', dims.mask);
  const kernel = graph.initializer({ name: 'weight', dims: dims.weight, values: () => weight });
  const shift = graph.initializer({ name: 'bias', dims: dims.bias, values: () => bias });
  const input = graph.input('x', 'float32', dims.x);
  graph.output(
    'y',
    graph.deformConv(input, kernel, shift, { offset, mask, groups }, { pad: [1, 1], label: 'product' }),
  );
  expect(graph.macs).toEqual([{ label: 'product', macs: c * c * taps * h * w }]);

  const session = await open(graph.encode());
  const { y } = await session.run({
    x: new ort.Tensor('float32', x, dims.x),
    offset: new ort.Tensor('float32', sampling.offset, dims.offset),
    mask: new ort.Tensor('float32', sampling.mask, dims.mask),
  });
  // float32 sums of 54 products.
  expect(largestDifference(elementsOf(y), naive(x, weight, bias, sampling))).toBeLessThan(1e-5);
});

it('takes offsets from the first two thirds of conv_offset and masks, through a sigmoid, from the last', async () => {
  const options = edvrOptions({ numFeat: c, deformableGroups: groups });
  const rows = 3 * taps * groups;
  const weights = new Map([
    ['d.conv_offset.weight', { dims: [rows, c, 3, 3], data: noise([rows, c, 3, 3], 0.3, 6) }],
    ['d.conv_offset.bias', { dims: [rows], data: noise([rows], 2, 7) }],
    ['d.weight', { dims: [c, c, 3, 3], data: noise([c, c, 3, 3], 1, 8) }],
    ['d.bias', { dims: [c], data: noise([c], 1, 9) }],
  ]);
  const net: Network = { graph: new GraphBuilder('layer'), options, parameter: parametersFrom(weights) };
  const { graph } = net;
  const x = graph.input('x', 'float32', [1, c, h, w]);
  const feature = graph.input('feature', 'float32', [1, c, h, w]);
  graph.output('y', deformableConv(net, x, feature, 'd', 'none'));
  const session = await open(graph.encode());
  const data = { x: noise([c, h, w], 1, 10), feature: noise([c, h, w], 1, 11) };
  const { y } = await session.run({
    x: new ort.Tensor('float32', data.x, [1, c, h, w]),
    feature: new ort.Tensor('float32', data.feature, [1, c, h, w]),
  });

  const raw = plainConv(
    data.feature,
    weights.get('d.conv_offset.weight')?.data,
    weights.get('d.conv_offset.bias')?.data,
  );
  const sampling = {
    offset: raw.slice(0, 2 * taps * groups * h * w),
    mask: raw.slice(2 * taps * groups * h * w).map((value) => 1 / (1 + Math.exp(-value))),
  };
  const weight = weights.get('d.weight')?.data ?? new Float32Array();
  const expected = naive(data.x, weight, weights.get('d.bias')?.data ?? new Float32Array(), sampling);
  expect(largestDifference(elementsOf(y), expected)).toBeLessThan(1e-4);
});

/** conv 3×3, zero padding 1, over (c, h, w). */
function plainConv(
  x: Float32Array,
  weight: Float32Array = new Float32Array(),
  bias: Float32Array = new Float32Array(),
): Float32Array {
  const out = new Float32Array(bias.length * h * w);
  for (let o = 0; o < bias.length; o++) {
    for (let y = 0; y < h; y++) {
      for (let u = 0; u < w; u++) {
        let sum = bias[o] ?? 0;
        for (let i = 0; i < c; i++) {
          for (let k = 0; k < taps; k++) {
            const [sy, sx] = [y + Math.floor(k / 3) - 1, u + (k % 3) - 1];
            if (sy < 0 || sy >= h || sx < 0 || sx >= w) continue;
            sum += (weight[(o * c + i) * taps + k] ?? 0) * (x[(i * h + sy) * w + sx] ?? 0);
          }
        }
        out[(o * h + y) * w + u] = sum;
      }
    }
  }
  return out;
}
