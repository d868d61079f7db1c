import { afterEach, describe, expect, it } from 'vitest';
import { openEngine } from '../../src/engine/open-engine.js';
import type { RestoredFrame } from '../../src/frame/frame.js';
import { parityWeights } from '../fixtures/parity.js';
import { type TinyModel, writeTinyModel } from '../fixtures/tiny-model.js';
import { farthest, noiseFrame, type Size, windowOf } from './pictures.js';

// Multiples of what the network asks for: nothing is mirrored at the end, so that edges are clamped.
const size = { width: 32, height: 24 };
let model: TinyModel | undefined;

/** Restores one window with weights whose biases of offsets are `bias`. */
async function restoreWith(bias: number, options: Parameters<typeof openEngine>[1] = {}): Promise<RestoredFrame> {
  model = await writeTinyModel(
    undefined,
    (network) =>
      new Map(
        [...parityWeights(network, 3)].map(([key, { dims, data }]) => [
          key,
          { dims, data: key.endsWith('conv_offset.bias') ? data.map(() => bias) : data },
        ]),
      ),
  );
  const engine = await openEngine('tiny', { modelsDir: model.modelsDir, threads: 1, ...options });
  const restored = await engine.restore('a', windowOf([0, 1, 2].map((seq) => noiseFrame(seq, size))));
  await engine.dispose();
  return restored;
}

/** Bilinear ×4 with half-pixel centres, clamped at the edges. */
function upscaled(data: Uint8Array, { width, height }: Size): Float64Array {
  const at = (x: number, y: number, c: number) =>
    data[(Math.min(Math.max(y, 0), height - 1) * width + Math.min(Math.max(x, 0), width - 1)) * 3 + c] ?? 0;
  return Float64Array.from({ length: width * height * 48 }, (_, i) => {
    const x = ((Math.floor(i / 3) % (width * 4)) + 0.5) / 4 - 0.5;
    const y = (Math.floor(i / 3 / (width * 4)) + 0.5) / 4 - 0.5;
    const [left, top, c] = [Math.floor(x), Math.floor(y), i % 3];
    const row = (line: number) => at(left, line, c) * (1 - x + left) + at(left + 1, line, c) * (x - left);
    return row(top) * (1 - y + top) + row(top + 1) * (y - top);
  });
}

afterEach(async () => {
  await model?.dispose();
  model = undefined;
});

describe('a window whose offsets are not usable', () => {
  it.each([
    [3e38, 'offsets-not-finite', {}],
    [1000, 'offsets-absurd', {}],
    [1000, 'offsets-absurd', { selfEnsemble: 4 }],
  ] as const)('is shown as its upscaled reference: offsets of %d are %s (%o)', async (bias, reason, options) => {
    const { frame, source, fallback } = await restoreWith(bias, options);
    expect(fallback).toBe(reason);
    // Half a level of rounding.
    expect(farthest(frame.data, upscaled(source.data, size))).toBeLessThan(0.51);
  });

  it('is told from one with offsets of several pixels', async () => {
    const { frame, source, fallback } = await restoreWith(6);
    expect(fallback).toBeUndefined();
    expect(farthest(frame.data, upscaled(source.data, size))).toBeGreaterThan(2);
  });
});
