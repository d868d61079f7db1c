import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sizeMultiple } from '../../src/edvr/geometry.js';
import { type EdvrOptionsInput, outputScale } from '../../src/edvr/options.js';
import type { Engine } from '../../src/engine/engine.js';
import { openEngine } from '../../src/engine/open-engine.js';
import { parityWeights } from '../fixtures/parity.js';
import { small, smallLive, type TinyModel, writeTinyModel } from '../fixtures/tiny-model.js';
import { farthest, noiseFrame, rearranged, type Size, windowOf } from './pictures.js';

const networks: readonly [string, EdvrOptionsInput][] = [
  ['the paper’s network', small],
  ['features at half size', smallLive],
  ['features at a quarter', { ...small, featureStride: 4, tail: 'light', scale: 1 }],
  ['a second stage', { ...small, hrIn: true }],
  ['a second stage with PreDeblur', { ...small, hrIn: true, withPredeblur: true }],
];
const sizes: readonly Size[] = [
  { width: 8, height: 8 },
  { width: 9, height: 17 },
  { width: 13, height: 200 },
];

describe.each(networks)('%s', (_name, input) => {
  let model: TinyModel;
  let engine: Engine;
  beforeAll(async () => {
    model = await writeTinyModel(input, (options) => parityWeights(options, 3));
    engine = await openEngine('tiny', { modelsDir: model.modelsDir, threads: 1 });
  });
  afterAll(async () => {
    await engine.dispose();
    await model.dispose();
  });

  it.each(sizes)('restores $width×$height as if it had been padded to a multiple and cut', async (size) => {
    const multiple = sizeMultiple(model.options);
    const scale = outputScale(model.options);
    const padded = {
      width: Math.ceil(size.width / multiple) * multiple,
      height: Math.ceil(size.height / multiple) * multiple,
    };
    // Mirrored without repeating the edge; repeated where the picture is too small to be mirrored.
    const mirrors = padded.width < 2 * size.width && padded.height < 2 * size.height;
    const inside = (at: number, side: number) => (at < side ? at : mirrors ? 2 * (side - 1) - at : side - 1);
    const frames = [0, 1, 2].map((seq) => noiseFrame(seq, size));
    const whole = frames.map((frame) => ({
      ...frame,
      ...padded,
      data: rearranged(frame, padded, (x, y) => [inside(x, size.width), inside(y, size.height)]),
    }));
    const { frame } = await engine.restore('as it is', windowOf(frames));
    const large = await engine.restore('padded', windowOf(whole));
    const output = { width: size.width * scale, height: size.height * scale };
    expect(frame).toMatchObject(output);
    // Rounding to 8 bits may fall to either side.
    expect(
      farthest(
        frame.data,
        rearranged(large.frame, output, (x, y) => [x, y]),
      ),
    ).toBeLessThanOrEqual(1);
  });
});
