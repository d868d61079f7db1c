import ort from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { emitGraph } from '../../src/edvr/emit.js';
import type { Isolation } from '../../src/engine/engine-host.js';
import { OnnxRuntimeEngine } from '../../src/engine/onnxruntime-engine.js';
import type { Frame } from '../../src/frame/frame.js';
import type { FrameWindow } from '../../src/window/frame-window.js';
import { testFrame } from '../fixtures/frames.js';
import { type TinyModel, writeTinyModel } from '../fixtures/tiny-model.js';

const WIDTH = 35;
const HEIGHT = 22;

/** Frames of noise, different at each seq. */
function noise(seq: number, width = WIDTH, height = HEIGHT): Frame {
  let state = seq * 2_654_435_761 + 1;
  const data = Uint8Array.from({ length: width * height * 3 }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  });
  return testFrame(seq, { width, height, data });
}

function windowOf(frames: readonly Frame[]): FrameWindow {
  return { frames, reference: frames[frames.length >> 1] as Frame };
}

let model: TinyModel;
const engines: OnnxRuntimeEngine[] = [];

function open(incremental = true, isolation: Isolation = 'thread'): OnnxRuntimeEngine {
  const engine = new OnnxRuntimeEngine({
    model: model.name,
    modelsDir: model.modelsDir,
    scale: 4,
    window: 3,
    padding: 'replicate',
    threads: 1,
    incremental,
    hosting: { isolation, openTimeoutMs: 60_000, restoreTimeoutMs: 60_000 },
  });
  engines.push(engine);
  return engine;
}

/** What the one-graph form makes of a window. */
async function oneGraph(frames: readonly Frame[]): Promise<Uint8Array> {
  const request = { options: model.options, size: { width: WIDTH, height: HEIGHT } };
  const session = await ort.InferenceSession.create(emitGraph('window', request, model.weights));
  const feeds = Object.fromEntries(
    session.inputNames.map((name, i) => [name, new ort.Tensor('uint8', frames[i]?.data ?? [], [HEIGHT, WIDTH, 3])]),
  );
  const { restored } = await session.run(feeds);
  return restored?.data as Uint8Array;
}

/** Largest difference of two pictures, in levels of 255. */
function largestDifference(a: Uint8Array, b: Uint8Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - (b[i] ?? Number.NaN))), 0);
}

beforeAll(async () => {
  model = await writeTinyModel();
});
afterAll(async () => {
  await Promise.all(engines.map((engine) => engine.dispose()));
  await model.dispose();
});

describe('OnnxRuntimeEngine', () => {
  it.each([
    ['incremental', true],
    ['plain', false],
  ])(
    'restores a sliding window as the one-graph form does, reusing pyramids and buffers: %s',
    async (_, incremental) => {
      const engine = open(incremental);
      expect(engine.spec.kind).toBe(incremental ? 'onnxruntime' : 'onnxruntime-plain');
      const frames = [0, 1, 2, 3, 4, 5, 6].map((seq) => noise(seq));
      for (let t = 1; t < 6; t += 1) {
        const window = frames.slice(t - 1, t + 2);
        const { frame, source, timing } = await engine.restore('a', windowOf(window));
        expect(frame).toMatchObject({ width: WIDTH * 4, height: HEIGHT * 4, seq: t, ptsNs: BigInt(t) * 40_000_000n });
        expect(source).toBe(frames[t]);
        expect(timing.pyramidMs).toBeGreaterThan(0);
        // Rounding to 8 bits may fall to either side where the two forms differ by an ulp.
        expect(largestDifference(frame.data, await oneGraph(window))).toBeLessThanOrEqual(1);
        frame.lease?.release();
      }
    },
  );

  it('gives the same picture after a skip, and with frames prepared ahead', async () => {
    const engine = open();
    const frames = [0, 1, 2, 3, 4, 5, 6, 7].map((seq) => noise(seq));
    for (const frame of frames) {
      engine.prepare('a', frame);
    }
    await engine.restore('a', windowOf(frames.slice(0, 3)));
    const { frame } = await engine.restore('a', windowOf(frames.slice(5, 8)));
    expect(largestDifference(frame.data, await oneGraph(frames.slice(5, 8)))).toBeLessThanOrEqual(1);
  });

  it('restores a window that repeats frames, as padding makes it', async () => {
    const engine = open();
    const [a, b] = [noise(0), noise(1)];
    const { frame } = await engine.restore('a', windowOf([a, a, b]));
    expect(largestDifference(frame.data, await oneGraph([a, a, b]))).toBeLessThanOrEqual(1);
  });

  it('keeps the streams it serves apart, though their seqs are the same', async () => {
    const engine = open();
    const left = [0, 1, 2].map((seq) => noise(seq));
    const right = [0, 1, 2].map((seq) => ({ ...noise(seq + 50), seq }));
    const [a, b] = await Promise.all([
      engine.restore('left', windowOf(left)),
      engine.restore('right', windowOf(right)),
    ]);
    expect(largestDifference(a.frame.data, await oneGraph(left))).toBeLessThanOrEqual(1);
    expect(largestDifference(b.frame.data, await oneGraph(right))).toBeLessThanOrEqual(1);
    engine.forget('left');
    const again = await engine.restore('left', windowOf(left));
    expect(largestDifference(again.frame.data, a.frame.data)).toBe(0);
  });

  it('leaves the source frame as it was', async () => {
    const engine = open();
    const frames = [0, 1, 2].map((seq) => noise(seq));
    const before = frames.map(({ data }) => data.slice());
    await engine.restore('a', windowOf(frames));
    expect(frames.map(({ data }) => data)).toEqual(before);
  });

  it('opens a new frame size beside the old one', async () => {
    const engine = open();
    const small = await engine.restore('a', windowOf([0, 1, 2].map((seq) => noise(seq))));
    const large = await engine.restore('a', windowOf([3, 4, 5].map((seq) => noise(seq, 48, 32))));
    expect([small.frame.width, large.frame.width]).toEqual([WIDTH * 4, 192]);
    const third = await engine.restore('a', windowOf([6, 7, 8].map((seq) => noise(seq, 20, 16))));
    expect(third.frame.height).toBe(64);
  });

  it('refuses a window of the wrong length in one sentence, and lives on', async () => {
    const engine = open();
    const frames = [0, 1, 2].map((seq) => noise(seq));
    await expect(engine.restore('a', windowOf([noise(0)]))).rejects.toMatchObject({
      code: 'ERR_ENGINE',
      message: 'Expected a window of 3 frames for tiny but received 1',
    });
    await expect(engine.restore('a', windowOf(frames))).resolves.toBeDefined();
  });

  it.each(['thread', 'process'] as const)(
    'adds as much to the upscaled frame as its strength says, from the next window on: %s',
    async (isolation) => {
      const engine = open(true, isolation);
      const window = windowOf([0, 1, 2].map((seq) => noise(seq)));
      const at = async (strength: number) => {
        engine.setStrength(strength);
        const { frame, fallback } = await engine.restore('a', window);
        expect(fallback).toBeUndefined();
        return Uint8Array.from(frame.data);
      };
      const [restored, upscaled, half] = [await at(1), await at(0), await at(0.5)];
      expect(await at(1)).toEqual(restored);
      const upscale = { options: model.options, size: { width: WIDTH, height: HEIGHT } };
      const session = await ort.InferenceSession.create(emitGraph('upscale', upscale, model.weights));
      const plain = await session.run({ frame: new ort.Tensor('uint8', noise(1).data, [HEIGHT, WIDTH, 3]) });
      expect(upscaled).toEqual(plain.restored?.data);
      expect(largestDifference(restored, upscaled)).toBeGreaterThan(8);
      let unclipped = 0;
      for (const [i, value] of half.entries()) {
        const [full = 0, none = 0] = [restored[i], upscaled[i]];
        if (full > 0 && full < 255) {
          unclipped += 1;
          // Each of the three is rounded.
          expect(Math.abs(value - (full + none) / 2)).toBeLessThanOrEqual(1);
        }
      }
      expect(unclipped).toBeGreaterThan(half.length / 3);
    },
  );

  it('keeps its strength at another frame size', async () => {
    const engine = open();
    engine.setStrength(0);
    const small = (seq: number) => noise(seq, 19, 14);
    for (const frame of [noise, small]) {
      const upscaled = await engine.restore('a', windowOf([frame(3), frame(4), frame(5)]));
      const others = await engine.restore('a', windowOf([frame(3), frame(4), frame(6)]));
      expect(upscaled.frame.data).toEqual(others.frame.data);
    }
  });

  it('says why a model cannot be opened, and tries anew the next time', async () => {
    const engine = new OnnxRuntimeEngine({
      model: 'absent',
      modelsDir: model.modelsDir,
      scale: 4,
      window: 1,
      padding: 'replicate',
    });
    engines.push(engine);
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await expect(engine.restore('a', windowOf([noise(0)]))).rejects.toThrow(
        /Expected the name of a model but received "absent"/,
      );
    }
  });

  it('lets the work in hand finish when it is disposed of, and takes no more', async () => {
    const engine = open();
    const inHand = engine.restore('a', windowOf([0, 1, 2].map((seq) => noise(seq))));
    await Promise.all([engine.dispose(), engine.dispose()]);
    await expect(inHand).resolves.toBeDefined();
    await expect(engine.restore('a', windowOf([noise(3), noise(4), noise(5)]))).rejects.toThrow(
      'The engine of tiny is closed',
    );
  });
});
