import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import { evaluate } from '../../src/job/evaluate.js';
import { BicubicEngine } from '../../src/job/evaluate-bicubic.js';
import { VideoReader } from '../../src/job/read-video.js';
import { imresize } from '../../src/quality/imresize.js';
import type { ByteSamples } from '../../src/quality/samples.js';
import { scene } from '../fixtures/quality/scene.js';
import { writePng } from '../fixtures/quality/write-png.js';
import { encodeWithFfmpeg, scratchFolder } from '../fixtures/video-files.js';

const WIDTH = 48;
const HEIGHT = 36;
const FRAMES = 23;
const folder = scratchFolder('evaluate-video');
const truth = (t: number) => scene(4, t, WIDTH, HEIGHT);
const noModels = { openEngine: () => Promise.reject(new Error('no model is opened')) };

beforeAll(async () => {
  mkdirSync(join(folder, 'gt'));
  mkdirSync(join(folder, 'lq'));
  lossless(join(folder, 'gt', 'city.mkv'), truth);
  lossless(join(folder, 'lq', 'city.mkv'), (t) => imresize(truth(t), 1 / 4));
  for (let t = 0; t < FRAMES; t += 1) {
    await writePng(join(folder, 'pngs', 'city', `${t}.png`), truth(t));
  }
});

it('measures a video as the PNGs of its frames, alone or in a folder of videos, with or without low-quality videos', async () => {
  const fromPngs = await evaluate({ model: 'bicubic', gt: join(folder, 'pngs') }, noModels);
  expect(fromPngs.clips).toMatchObject([{ name: 'city', frames: FRAMES }]);
  for (const gt of [join(folder, 'gt'), join(folder, 'gt', 'city.mkv')]) {
    expect(await evaluate({ model: 'bicubic', gt }, noModels)).toEqual(fromPngs);
  }
  const gt = join(folder, 'gt');
  expect(await evaluate({ model: 'bicubic', gt, lq: join(folder, 'lq') }, noModels)).toEqual(fromPngs);
});

it.each(['reflection_circle', 'circle', 'reflection', 'replicate'] as const)(
  'reads a video forwards once for windows padded by %s',
  async (padding) => {
    const inner = new BicubicEngine(4);
    const wrong: number[] = [];
    const engine: Engine = {
      spec: { kind: 'test', model: 'windows', scale: 4, window: 7, padding },
      prepare: () => undefined,
      restore: (stream, window) => {
        for (const frame of window.frames) {
          if (Buffer.compare(frame.data, imresize(truth(frame.seq), 1 / 4).data) !== 0) wrong.push(frame.seq);
        }
        return inner.restore(stream, window);
      },
      forget: () => undefined,
      dispose: async () => undefined,
    };
    const options = { model: 'windows', gt: join(folder, 'gt', 'city.mkv') };
    const { clips } = await evaluate(options, { openEngine: async () => engine });
    expect(clips).toMatchObject([{ frames: FRAMES }]);
    expect(wrong).toEqual([]);
  },
);

it('lets go of frames that are far behind, and says where a video ends', async () => {
  const reader = new VideoReader(join(folder, 'gt', 'city.mkv'), 3);
  try {
    expect(Buffer.compare((await reader.read(12)).data, truth(12).data)).toBe(0);
    expect(Buffer.compare((await reader.read(9)).data, truth(9).data)).toBe(0);
    await expect(reader.read(2)).rejects.toThrow('frame 2 of');
    await expect(reader.read(FRAMES)).rejects.toMatchObject({
      code: 'ERR_INPUT_FILE',
      message: `Expected more than ${FRAMES} frames in ${join(folder, 'gt', 'city.mkv')}`,
    });
  } finally {
    reader.close();
  }
});

it('refuses what is no video, a clip of another length and two clips of one name', async () => {
  const broken = join(folder, 'broken.mp4');
  writeFileSync(broken, 'nonsense');
  await expect(evaluate({ model: 'bicubic', gt: broken }, noModels)).rejects.toThrow(broken);

  const short = join(folder, 'short.mkv');
  lossless(short, (t) => imresize(truth(t), 1 / 4), 5);
  const gt = join(folder, 'gt');
  await expect(evaluate({ model: 'bicubic', gt, lq: short }, noModels)).rejects.toThrow(
    `Expected ${FRAMES} frames for clip city in ${short} as in ${gt} but found 5`,
  );

  const twice = join(folder, 'twice');
  await writePng(join(twice, 'a', '0.png'), truth(0));
  lossless(join(twice, 'a.mkv'), truth, 2);
  await expect(evaluate({ model: 'bicubic', gt: twice }, noModels)).rejects.toThrow(
    `Expected clips of different names in ${twice} but two are a`,
  );
});

/** Writes pictures without loss. */
function lossless(path: string, picture: (t: number) => ByteSamples, frames = FRAMES): void {
  const pictures = Array.from({ length: frames }, (_, t) => picture(t));
  const { width = 0, height = 0 } = pictures[0] ?? {};
  const pixels = Buffer.concat(pictures.map(({ data }) => data));
  encodeWithFfmpeg(pixels, { width, height, fps: 25 }, ['-c:v', 'ffv1', '-pix_fmt', 'bgr0'], path);
}
