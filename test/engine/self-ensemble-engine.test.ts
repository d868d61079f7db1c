import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OnnxRuntimeFloatEngine } from '../../src/engine/float-engine.js';
import { openEngine } from '../../src/engine/open-engine.js';
import { PictureOps } from '../../src/engine/picture-ops.js';
import { type SelfEnsemble, SelfEnsembleEngine } from '../../src/engine/self-ensemble-engine.js';
import type { Frame } from '../../src/frame/frame.js';
import { parityWeights } from '../fixtures/parity.js';
import { type TinyModel, writeTinyModel } from '../fixtures/tiny-model.js';
import { farthest, noiseFrame, rearranged, type Size, windowOf } from './pictures.js';

const size = { width: 27, height: 18 };
const output = { width: size.width * 4, height: size.height * 4 };
const pictures = new PictureOps();
let model: TinyModel;

function single(): OnnxRuntimeFloatEngine {
  const { name, modelsDir } = model;
  return new OnnxRuntimeFloatEngine(
    { model: name, modelsDir, scale: 4, window: 3, padding: 'replicate', threads: 1 },
    true,
  );
}

/** Where a turned picture's pixel comes from; the same way takes a mirrored picture back. */
type Turn = (size: Size) => (x: number, y: number) => readonly [number, number];

const flips: readonly Turn[] = [
  () => (x, y) => [x, y],
  ({ width }) =>
    (x, y) => [width - 1 - x, y],
  ({ height }) =>
    (x, y) => [x, height - 1 - y],
  ({ width, height }) =>
    (x, y) => [width - 1 - x, height - 1 - y],
];

/** The mean of the passes, every picture turned and turned back here. */
async function meanOfPasses(frames: readonly Frame[], passes: SelfEnsemble): Promise<Float64Array> {
  const engine = single();
  const sum = new Float64Array(output.width * output.height * 3);
  const swapped = ({ width, height }: Size): Size => ({ width: height, height: width });
  try {
    for (const transposed of passes === 8 ? [false, true] : [false]) {
      for (const [i, flip] of flips.entries()) {
        const turned = frames.map((frame) => {
          const upright = transposed ? rearranged(frame, swapped(size), (x, y) => [y, x]) : frame.data;
          const to = transposed ? swapped(size) : size;
          return { ...frame, ...to, data: rearranged({ data: upright, ...to }, to, flip(to)) };
        });
        const { data, width, height } = await engine.restore(`pass ${transposed} ${i}`, windowOf(turned));
        const back = rearranged({ data, width, height }, { width, height }, flip({ width, height }));
        const upright = transposed ? rearranged({ data: back, width, height }, output, (x, y) => [y, x]) : back;
        for (const [k, value] of upright.entries()) sum[k] = (sum[k] ?? 0) + value;
      }
    }
  } finally {
    await engine.dispose();
  }
  return sum.map((value) => value / passes);
}

beforeAll(async () => {
  model = await writeTinyModel(undefined, (options) => parityWeights(options, 3));
});
afterAll(async () => {
  await pictures.dispose();
  await model.dispose();
});

describe('SelfEnsembleEngine', () => {
  it.each([4, 8] as const)('is the mean of %d passes, each turned back, before clamp and rounding', async (passes) => {
    const engine = new SelfEnsembleEngine(single(), pictures, passes);
    const frames = [0, 1, 2, 3].map((seq) => noiseFrame(seq, size));
    // The second window takes the turned frames of the first.
    await engine.restore('a', windowOf(frames.slice(0, 3)));
    const picture = await engine.restore('a', windowOf(frames.slice(1, 4)));
    await engine.dispose();
    expect([picture.width, picture.height]).toEqual([output.width, output.height]);
    const expected = await meanOfPasses(frames.slice(1, 4), passes);
    expect(farthest(picture.data, expected)).toBeLessThan(1e-5);
    // Not what one pass gives: the weights are not symmetric.
    const one = single();
    const alone = await one.restore('a', windowOf(frames.slice(1, 4)));
    await one.dispose();
    expect(farthest(picture.data, alone.data)).toBeGreaterThan(1e-2);
  });

  it('is clamped and rounded once, after the mean', async () => {
    const engine = await openEngine('tiny', { modelsDir: model.modelsDir, threads: 1, selfEnsemble: 4 });
    const frames = [0, 1, 2].map((seq) => noiseFrame(seq, size));
    const { frame } = await engine.restore('a', windowOf(frames));
    await engine.dispose();
    const expected = (await meanOfPasses(frames, 4)).map((value) => Math.min(255, Math.max(0, value * 255)));
    expect(frame).toMatchObject({ ...output, seq: 1 });
    // Half a level, and what float32 errs by.
    expect(farthest(frame.data, expected)).toBeLessThan(0.501);
  });

  it('restores its passes in tiles where it is told to', async () => {
    const options = { modelsDir: model.modelsDir, threads: 1, selfEnsemble: 4 } as const;
    const wide = { width: 161, height: 17 };
    const frames = [0, 1, 2].map((seq) => noiseFrame(seq, wide));
    const plain = await openEngine('tiny', { ...options, tile: 'off' });
    const inTiles = await openEngine('tiny', { ...options, tile: { width: 128, height: 64 }, tileOverlap: 8 });
    const [a, b] = [await plain.restore('a', windowOf(frames)), await inTiles.restore('a', windowOf(frames))];
    await Promise.all([plain.dispose(), inTiles.dispose()]);
    expect(b.frame).toMatchObject({ width: 644, height: 68 });
    // Less overlap than would be exact: what differs are pixels about the ramp.
    const far = a.frame.data.filter((value, i) => Math.abs(value - (b.frame.data[i] ?? 0)) > 4).length;
    expect(far).toBeLessThan(a.frame.data.length / 20);
  });
});
