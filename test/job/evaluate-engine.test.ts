import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEngine } from '../../src/engine/open-engine.js';
import type { Frame } from '../../src/frame/frame.js';
import { bench } from '../../src/job/bench.js';
import { evaluate } from '../../src/job/evaluate.js';
import { imresize } from '../../src/quality/imresize.js';
import { psnr } from '../../src/quality/psnr.js';
import { ssim } from '../../src/quality/ssim.js';
import { windowIndices } from '../../src/window/padding.js';
import { scene } from '../fixtures/quality/scene.js';
import { writePng } from '../fixtures/quality/write-png.js';

const FRAMES = 7;
const WIDTH = 72;
const HEIGHT = 56;
const SEED = 4;

let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'limpid-evaluate-engine-'));
  for (let t = 0; t < FRAMES; t += 1) {
    await writePng(join(dir, 'clip', `${t}.png`), scene(SEED, t, WIDTH, HEIGHT));
  }
});

afterAll(() => rm(dir, { recursive: true, force: true }));

describe('evaluate on onnxruntime', () => {
  // 3 frames padded by replication, 5 frames padded by reflection_circle; seeded random weights.
  for (const model of ['edvr-live', 'edvr-m']) {
    it(`equals windows restored one by one without anything kept between them: ${model}`, async () => {
      const result = await evaluate({ model, gt: dir }, { openEngine });
      const expected = await figuresOneByOne(model);
      expect(result).toEqual({
        model,
        channel: 'rgb',
        crop: 0,
        // One value in a million may round the other way where a pyramid was computed in another order.
        clips: [
          {
            name: 'clip',
            frames: FRAMES,
            psnr: expect.closeTo(expected.psnr, 4),
            ssim: expect.closeTo(expected.ssim, 6),
          },
        ],
        mean: { psnr: expect.closeTo(expected.psnr, 4), ssim: expect.closeTo(expected.ssim, 6) },
      });
    });
  }

  it('says which models there are when the name is unknown', async () => {
    await expect(evaluate({ model: 'no-such-model', gt: dir }, { openEngine })).rejects.toMatchObject({
      code: 'ERR_MODEL_UNKNOWN',
    });
  });
});

describe('bench on onnxruntime', () => {
  it('splits the time of a frame into pyramid and restoration', async () => {
    const options = { models: ['edvr-live'], sizes: [{ width: 40, height: 24 }], frames: 4 };
    const { runs } = await bench(options, { openEngine: ({ model }) => openEngine(model) });
    expect(runs).toMatchObject([{ model: 'edvr-live', engine: 'onnxruntime', size: '40x24', outputSize: '160x96' }]);
    for (const { ms } of runs) {
      expect(ms.pyramid).toBeGreaterThan(0);
      expect(ms.restore).toBeGreaterThan(0);
      expect(ms.total).toBeGreaterThan(ms.pyramid + ms.restore - 0.02);
    }
  });
});

/** The same figures the plain way: every window on its own, the engine told to forget in between. */
async function figuresOneByOne(model: string): Promise<{ readonly psnr: number; readonly ssim: number }> {
  const engine = await openEngine(model);
  const { scale, window, padding } = engine.spec;
  const truths = Array.from({ length: FRAMES }, (_, t) => scene(SEED, t, WIDTH, HEIGHT));
  const inputs = truths.map((truth, seq): Frame => {
    const { width, height, data } = imresize(truth, 1 / scale);
    const place = { seq, session: 0, ptsNs: BigInt(seq), captureTimeMs: 0, discontinuity: seq === 0 };
    return { width, height, format: 'rgb8', data, ...place };
  });
  let sums = { psnr: 0, ssim: 0 };
  try {
    for (const [t, truth] of truths.entries()) {
      const frames = windowIndices(padding, t, window, FRAMES - 1).map((index) => inputs[index] as Frame);
      const { frame } = await engine.restore('one by one', { reference: inputs[t] as Frame, frames });
      const restored = { ...frame, channels: 3 };
      sums = { psnr: sums.psnr + psnr(restored, truth), ssim: sums.ssim + ssim(restored, truth) };
      engine.forget('one by one');
    }
  } finally {
    await engine.dispose();
  }
  return { psnr: sums.psnr / FRAMES, ssim: sums.ssim / FRAMES };
}
