/**
 * Seeded weights for networks without a checkpoint: what the paper starts training from, so that speed and memory can be
 * measured and graphs exported. The pictures they make are of no use.
 */
import { type Dims, elementCount } from '../onnx/tensor.js';
import { parameterShapes } from './emit.js';
import type { EdvrOptions } from './options.js';
import type { EdvrWeights } from './parameters.js';

/** Weights of every key, the same for the same seed (a 32-bit whole number). */
export function randomWeights(options: EdvrOptions, seed: number): EdvrWeights {
  const random = generator(seed);
  const keys = [...parameterShapes(options)].sort(([a], [b]) => (a < b ? -1 : 1));
  return new Map(
    keys.map(([key, dims]) => {
      const bound = boundOf(key, dims);
      const data = new Float32Array(elementCount(dims));
      if (bound > 0) for (let i = 0; i < data.length; i++) data[i] = (random() * 2 - 1) * bound;
      return [key, { dims, data }];
    }),
  );
}

/** Biases and `conv_offset` start at zero; weights uniform with the variance of Kaiming's, a tenth in residual blocks. */
function boundOf(key: string, dims: Dims): number {
  if (key.endsWith('.bias') || key.includes('conv_offset.')) return 0;
  const fanIn = elementCount(dims.slice(1));
  return Math.sqrt(6 / fanIn) * (/\.conv[12]\./.test(key) ? 0.1 : 1);
}

/** Uniform numbers in [0, 1): mulberry32. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
