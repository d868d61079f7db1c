import ort from 'onnxruntime-node';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { EdvrOptionsInput } from '../../src/edvr/options.js';
import type { EdvrWeights } from '../../src/edvr/parameters.js';
import { receptiveField } from '../../src/edvr/receptive-field.js';
import { type FloatEngine, OnnxRuntimeFloatEngine } from '../../src/engine/float-engine.js';
import { joinGraph } from '../../src/engine/picture-graphs.js';
import { PictureOps } from '../../src/engine/picture-ops.js';
import { TiledEngine, type TiledOptions } from '../../src/engine/tiled-engine.js';
import type { FrameWindow } from '../../src/window/frame-window.js';
import { parityWeights } from '../fixtures/parity.js';
import { elementsOf, open } from '../fixtures/run-graphs.js';
import { type TinyModel, writeTinyModel } from '../fixtures/tiny-model.js';
import { farthest, noiseFrame, windowOf } from './pictures.js';

/** Looks 40 pixels far and moves by several: small enough to be tiled in a test. */
const near: EdvrOptionsInput = {
  numFeat: 4,
  numFrame: 3,
  deformableGroups: 1,
  numExtractBlock: 0,
  numReconstructBlock: 1,
  withTsa: false,
  tail: 'light',
  scale: 2,
};
/** With TSA, features at half size. */
const live: EdvrOptionsInput = { ...near, withTsa: true, featureStride: 2, alignReference: false };

const models = new Map<EdvrOptionsInput, TinyModel>();
const pictures = new PictureOps();
let engines: FloatEngine[] = [];

function whole(input: EdvrOptionsInput): FloatEngine {
  const model = models.get(input);
  if (model === undefined) throw new RangeError('a model that was written');
  const runtime = { model: model.name, modelsDir: model.modelsDir, scale: 2, window: 3, padding: 'replicate' } as const;
  const engine = new OnnxRuntimeFloatEngine({ ...runtime, threads: 1 }, true);
  engines.push(engine);
  return engine;
}

function tiled(
  input: EdvrOptionsInput,
  options: Partial<TiledOptions>,
  inner: FloatEngine = whole(input),
): FloatEngine {
  const model = models.get(input);
  return new TiledEngine(inner, pictures, {
    tile: 'auto',
    overlap: 'exact',
    multiple: input.featureStride === 2 ? 8 : 4,
    receptiveField: model === undefined ? 0 : receptiveField(model.options),
    fits: () => true,
    keeps: () => false,
    ...options,
  });
}

/** An engine that notes the size of every window it restores. */
class Noting implements FloatEngine {
  readonly spec: FloatEngine['spec'];
  readonly sizes: string[] = [];
  readonly #inner: FloatEngine;

  constructor(inner: FloatEngine) {
    this.#inner = inner;
    this.spec = inner.spec;
  }

  prepare(): void {}

  restore(stream: string, window: FrameWindow) {
    this.sizes.push(`${window.reference.width}x${window.reference.height}`);
    return this.#inner.restore(stream, window);
  }

  forget(stream: string): void {
    this.#inner.forget(stream);
  }

  dispose(): Promise<void> {
    return this.#inner.dispose();
  }
}

/** Offsets of some pixels rather than many, so that tiles of 190 pixels have more than overlap. */
function shorter(weights: EdvrWeights): EdvrWeights {
  const short = (key: string, data: Float32Array) =>
    key.includes('conv_offset.') ? data.map((value) => value * 0.7) : data;
  return new Map([...weights].map(([key, { dims, data }]) => [key, { dims, data: short(key, data) }]));
}

beforeAll(async () => {
  models.set(near, await writeTinyModel(near, (options) => shorter(parityWeights(options, 3))));
  models.set(live, await writeTinyModel(live, (options) => parityWeights(options, 3)));
});
afterEach(async () => {
  await Promise.all(engines.map((engine) => engine.dispose()));
  engines = [];
});
afterAll(async () => {
  await pictures.dispose();
  for (const model of models.values()) await model.dispose();
});

describe('TiledEngine', () => {
  it.each([
    ['in four tiles', near, { width: 231, height: 218 }, { width: 190, height: 190 }],
    ['in tiles side by side, features at half size', live, { width: 1001, height: 19 }, { width: 720, height: 64 }],
  ] as const)('gives the whole frame’s picture %s where they overlap exactly', async (_name, input, size, tile) => {
    const window = windowOf([0, 1, 2].map((seq) => noiseFrame(seq, size)));
    const expected = await whole(input).restore('a', window);
    // Offsets of several pixels, or there would be little to get wrong.
    expect(expected.reach).toBeGreaterThan(6);
    const noting = new Noting(whole(input));
    const picture = await tiled(input, { tile }, noting).restore('a', window);
    expect(noting.sizes.length).toBeGreaterThan(1);
    expect(noting.sizes).not.toContain(`${size.width}x${size.height}`);
    expect([picture.width, picture.height]).toEqual([size.width * 2, size.height * 2]);
    expect(farthest(picture.data, expected.data)).toBeLessThan(1e-3);
  });

  it('differs with less overlap, by less than shows', async () => {
    const size = { width: 300, height: 21 };
    const window = windowOf([0, 1, 2].map((seq) => noiseFrame(seq, size)));
    const expected = (await whole(near).restore('a', window)).data;
    const picture = (await tiled(near, { tile: { width: 160, height: 64 }, overlap: 0 }).restore('a', window)).data;
    const largest = farthest(picture, expected);
    // No overlap but the ramp: not the whole frame's picture, but within three levels of 255 of it.
    expect(largest).toBeGreaterThan(1e-3 / 2);
    expect(largest).toBeLessThan(3 / 255);
  });

  it('keeps pyramids of tiles from one window to the next, to the same result', async () => {
    const size = { width: 300, height: 17 };
    const frames = [0, 1, 2, 3, 4].map((seq) => noiseFrame(seq, size));
    const tile = { width: 200, height: 64 };
    const keeping = tiled(near, { tile, overlap: 16, keeps: () => true });
    const dropping = tiled(near, { tile, overlap: 16 });
    for (let t = 1; t < 4; t += 1) {
      const window = windowOf(frames.slice(t - 1, t + 2));
      const [kept, dropped] = [await keeping.restore('a', window), await dropping.restore('a', window)];
      expect(farthest(kept.data, dropped.data)).toBe(0);
    }
    keeping.forget('a');
  });

  it('passes a frame on whole that fits', async () => {
    const window = windowOf([0, 1, 2].map((seq) => noiseFrame(seq, { width: 24, height: 20 })));
    const expected = await whole(near).restore('a', window);
    const picture = await tiled(near, {}).restore('a', window);
    expect(farthest(picture.data, expected.data)).toBe(0);
  });
});

describe('joinGraph', () => {
  it.each([0, 1] as const)(
    'rises evenly across a seam along axis %d, and leaves out what lies beyond it',
    async (axis) => {
      const dims = axis === 1 ? [2, 12, 3] : [12, 2, 3];
      const seam = { before: 6, after: 2, length: 4 };
      const session = await open(joinGraph(axis, [dims, dims], [seam]).encode());
      const part = (value: number) => new ort.Tensor('float32', new Float32Array(72).fill(value), dims);
      const { joined } = await session.run({ part0: part(0), part1: part(1) });
      const along = 16;
      expect(joined?.dims).toEqual(axis === 1 ? [2, along, 3] : [along, 2, 3]);
      const values = elementsOf(joined);
      const profile = Array.from({ length: along }, (_, i) => values[i * (axis === 1 ? 3 : 6)]);
      expect(profile).toEqual([0, 0, 0, 0, 0, 0, 0.125, 0.375, 0.625, 0.875, 1, 1, 1, 1, 1, 1]);
    },
  );
});
