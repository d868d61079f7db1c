import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import { type EvaluateDeps, type EvaluateOptions, type EvaluateProgress, evaluate } from '../../src/job/evaluate.js';
import { BicubicEngine } from '../../src/job/evaluate-bicubic.js';
import { imresize } from '../../src/quality/imresize.js';
import { cropToMultiple } from '../../src/quality/samples.js';
import type { FrameWindow } from '../../src/window/frame-window.js';
import type { PaddingMode } from '../../src/window/padding.js';
import { reference } from '../fixtures/quality/reference.js';
import { scene } from '../fixtures/quality/scene.js';
import { writePng } from '../fixtures/quality/write-png.js';

let dir: string;
let gt: string;
let lq: string;

const noModels: EvaluateDeps = {
  openEngine: () => Promise.reject(new Error('no model is opened for bicubic')),
};

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'limpid-evaluate-'));
  gt = join(dir, 'gt');
  lq = join(dir, 'lq');
  for (const { name, seed, frames, width, height } of reference.clips) {
    for (let t = 0; t < frames; t += 1) {
      const truth = scene(seed, t, width, height);
      // Names that sort by number only: f9, f10, f11.
      await writePng(join(gt, name, `f${t + 9}.png`), truth);
      await writePng(join(lq, name, `${t}.PNG`), imresize(cropToMultiple(truth, 4), 1 / 4));
    }
  }
  await writeFile(join(gt, '.hidden'), 'not a frame');
  await writeFile(join(gt, 'clip2', 'notes.txt'), 'not a frame');
});

afterAll(() => rm(dir, { recursive: true, force: true }));

describe('evaluate --model bicubic', () => {
  for (const { scale, channel, crop, clips, mean } of reference.evaluate) {
    it(`agrees with numpy: ×${scale}, ${channel}, crop ${crop}`, async () => {
      const result = await evaluate({ model: 'bicubic', gt, scale, channel, crop }, noModels);
      expect(Object.keys(result)).toEqual(['model', 'channel', 'crop', 'clips', 'mean']);
      expect(result).toMatchObject({ model: 'bicubic', channel, crop });
      // Contract: 0.005 dB and 0.0005. Reached: rounding errors of doubles.
      for (const [i, clip] of clips.entries()) {
        expect(result.clips[i]).toEqual({
          name: clip.name,
          frames: clip.frames,
          psnr: expect.closeTo(clip.psnr, 8),
          ssim: expect.closeTo(clip.ssim, 8),
        });
      }
      expect(result.mean).toEqual({ psnr: expect.closeTo(mean.psnr, 8), ssim: expect.closeTo(mean.ssim, 8) });
    });
  }

  it('gives the same figures from low-quality frames on disk as from those it makes', async () => {
    const made = await evaluate({ model: 'bicubic', gt }, noModels);
    const given = await evaluate({ model: 'bicubic', gt, lq }, noModels);
    expect(given).toEqual(made);
  });

  it('takes one folder of PNGs as one clip, and the ground truth itself as input at scale 1', async () => {
    const result = await evaluate({ model: 'bicubic', gt: join(gt, 'clip2'), scale: 1 }, noModels);
    expect(result.clips).toEqual([
      { name: 'clip2', frames: 3, psnr: Number.POSITIVE_INFINITY, ssim: expect.closeTo(1, 12) },
    ]);
  });

  it('reports progress after every frame', async () => {
    const seen: EvaluateProgress[] = [];
    await evaluate({ model: 'bicubic', gt }, { ...noModels, onProgress: (progress) => seen.push(progress) });
    expect(seen.map(({ clip, done, total }) => `${clip} ${done}/${total}`)).toEqual([
      'clip2 1/5',
      'clip2 2/5',
      'clip2 3/5',
      'clip10 4/5',
      'clip10 5/5',
    ]);
  });
});

describe('evaluate with a model', () => {
  it('hands the engine windows padded as the manifest says, and closes it', async () => {
    const { windows, result, disposals } = await evaluateRecording('reflection_circle', 9, 5);
    expect(windows).toEqual(['43012', '40123', '01234', '12345', '23456', '34567', '45678', '56784', '67854']);
    expect(result.clips).toEqual([{ name: 'long', frames: 9, psnr: expect.any(Number), ssim: expect.any(Number) }]);
    expect(disposals).toBe(1);
  });

  it('hands a second stage what the first restored, padded as its own manifest says', async () => {
    const stages: Recording[] = [];
    const long = await longClip('stages', 6);
    const openEngine = async (model: string) => {
      const stage = new Recording('replicate', 3, model === 'first' ? 2 : 1);
      stages.push(stage);
      return stage;
    };
    const { model, clips } = await evaluate({ model: 'first,second', gt: long }, { openEngine });
    expect(stages.map(({ windows }) => windows)).toEqual([
      ['001', '012', '123', '234', '345', '455'],
      ['001', '012', '123', '234', '345', '455'],
    ]);
    expect(stages.map(({ sizes }) => [...sizes])).toEqual([['12x8'], ['24x16']]);
    expect(stages.map(({ disposals }) => disposals)).toEqual([1, 1]);
    // The second stage leaves the picture as it is: the figures are those of the first alone.
    const alone = await evaluate({ model: 'first', gt: long }, { openEngine });
    expect([model, clips]).toEqual(['first,second', alone.clips]);
  });

  it('falls back to replicate where the clip is shorter than the window', async () => {
    const { windows } = await evaluateRecording('circle', 3, 5);
    expect(windows).toEqual(['00012', '00122', '01222']);
  });

  it('closes the engine when it fails, and passes its error on', async () => {
    let disposals = 0;
    const broken: Engine = {
      spec: { kind: 'test', model: 'broken', scale: 4, window: 1, padding: 'replicate' },
      prepare: () => undefined,
      restore: () => Promise.reject(new Error('the session is gone')),
      forget: () => undefined,
      dispose: async () => {
        disposals += 1;
      },
    };
    const deps: EvaluateDeps = { openEngine: async () => broken };
    await expect(evaluate({ model: 'broken', gt }, deps)).rejects.toThrow('the session is gone');
    expect(disposals).toBe(1);
  });
});

describe('evaluate refuses', () => {
  const cases: readonly {
    readonly name: string;
    readonly make?: (at: string) => Promise<unknown>;
    readonly options?: Partial<EvaluateOptions>;
    readonly code: string;
    readonly message: string;
  }[] = [
    {
      name: 'a crop that is not a whole number',
      options: { crop: 1.5 },
      code: 'ERR_USAGE',
      message: 'Expected an integer from 0 to 4096 for --crop but received 1.5',
    },
    {
      name: 'a scale out of range',
      options: { scale: 0 },
      code: 'ERR_USAGE',
      message: 'Expected an integer from 1 to 16 for --scale but received 0',
    },
    {
      name: 'a folder that does not exist',
      code: 'ERR_INPUT_FILE',
      message: 'Expected a folder or a video at DIR but there is none',
    },
    {
      name: 'a file in place of a folder',
      make: (at) => writeFile(at, ''),
      code: 'ERR_INPUT_FILE',
      message: 'Expected a folder or a video at DIR but it is a file of another kind',
    },
    {
      name: 'a folder without PNGs',
      make: (at) => mkdir(at),
      code: 'ERR_INPUT_FILE',
      message: 'Expected PNGs, or one folder of PNGs or one video per clip, in DIR but found none',
    },
    {
      name: 'PNGs beside folders',
      make: async (at) => {
        await writePng(join(at, 'a.png'), scene(1, 0, 16, 16));
        await writePng(join(at, 'clip', 'a.png'), scene(1, 0, 16, 16));
      },
      code: 'ERR_INPUT_FILE',
      message: 'Expected PNGs, or one folder of PNGs or one video per clip, in DIR but found both (a.png beside clip)',
    },
    {
      name: 'a file that is no picture',
      make: async (at) => {
        await mkdir(at);
        await writeFile(join(at, 'a.png'), 'nonsense');
      },
      code: 'ERR_INPUT_FILE',
      message: 'Expected a PNG at DIR/a.png but it is damaged: Input buffer contains unsupported image format',
    },
    {
      name: 'a PNG cut off in the middle',
      make: async (at) => {
        await mkdir(at);
        const { data } = scene(1, 0, 64, 64);
        const png = await sharp(data, { raw: { width: 64, height: 64, channels: 3 } })
          .png()
          .toBuffer();
        await writeFile(join(at, 'a.png'), png.subarray(0, png.length >> 1));
      },
      code: 'ERR_INPUT_FILE',
      message: 'Expected a PNG at DIR/a.png but it is damaged: ',
    },
    {
      name: 'a JPEG by the name of a PNG',
      make: async (at) => {
        await mkdir(at);
        const { data } = scene(1, 0, 16, 16);
        await sharp(data, { raw: { width: 16, height: 16, channels: 3 } })
          .jpeg()
          .toFile(join(at, 'a.jpg'));
        await sharp(join(at, 'a.jpg'))
          .toBuffer()
          .then((jpeg) => writeFile(join(at, 'a.png'), jpeg));
      },
      code: 'ERR_INPUT_FILE',
      message: 'Expected a PNG at DIR/a.png but it holds jpeg',
    },
    {
      name: 'PNGs of 16 bits',
      make: async (at) => {
        await mkdir(at);
        const input = { create: { width: 16, height: 16, channels: 3 as const, background: 'red' } };
        await sharp(input).toColourspace('rgb16').png().toFile(join(at, 'a.png'));
      },
      code: 'ERR_INPUT_FILE',
      message: 'Expected 8 bits a sample in DIR/a.png but it has 16',
    },
    {
      name: 'frames of two sizes in one clip',
      make: async (at) => {
        await writePng(join(at, '1.png'), scene(1, 0, 16, 16));
        await writePng(join(at, '2.png'), scene(1, 0, 16, 20));
      },
      code: 'ERR_FRAME_SIZE',
      message: "Expected 16x16 as the clip's first frame in DIR/2.png but received 16x20",
    },
    {
      name: 'frames too small to measure within the crop',
      make: (at) => writePng(join(at, '1.png'), scene(1, 0, 18, 15)),
      options: { crop: 1 },
      code: 'ERR_FRAME_SIZE',
      message: 'Expected at least 11x11 pixels inside the crop of 1 but clip DIRNAME is 18x15',
    },
  ];
  for (const [i, { name, make, options, code, message }] of cases.entries()) {
    it(name, async () => {
      const at = join(dir, `refused-${i}`);
      await make?.(at);
      const refusal = evaluate({ model: 'bicubic', gt: at, ...options }, noModels);
      const expected = message.replaceAll('DIRNAME', `refused-${i}`).replaceAll('DIR', at);
      await expect(refusal).rejects.toMatchObject({ code, message: expect.stringContaining(expected) });
      await refusal.catch((error: Error) => expect(error.message).not.toContain('\n'));
    });
  }

  it('low-quality frames that miss a clip, a frame or the size', async () => {
    const short = join(dir, 'short');
    await writePng(join(short, 'clip2', '0.png'), scene(7, 0, 25, 18));
    await writePng(join(short, 'clip10', '0.png'), scene(11, 0, 16, 24));
    await expect(evaluate({ model: 'bicubic', gt, lq: short }, noModels)).rejects.toThrow(
      `Expected 3 frames for clip clip2 in ${short} as in ${gt} but found 1`,
    );
    const other = join(dir, 'other');
    await writePng(join(other, 'clip3', '0.png'), scene(7, 0, 25, 18));
    await expect(evaluate({ model: 'bicubic', gt, lq: other }, noModels)).rejects.toThrow(
      `Expected a clip clip2 in ${other} as in ${gt} but there is none`,
    );
    await expect(evaluate({ model: 'bicubic', gt, lq, scale: 2 }, noModels)).rejects.toThrow(
      'Expected low-quality frames of 51x37 for clip clip2 (102x75 at scale 2) but received 25x18',
    );
  });
});

/** A clip of small pictures in a folder of its own. */
async function longClip(name: string, frames: number): Promise<string> {
  const long = join(dir, name, 'long');
  for (let t = 0; t < frames; t += 1) {
    await writePng(join(long, `${t}.png`), scene(2, t, 24, 16));
  }
  return long;
}

/** An engine that notes its windows and upscales by bicubic. */
class Recording implements Engine {
  readonly spec: Engine['spec'];
  readonly windows: string[] = [];
  readonly sizes = new Set<string>();
  disposals = 0;
  readonly #inner: BicubicEngine;

  constructor(padding: PaddingMode, window: number, scale: number) {
    this.#inner = new BicubicEngine(scale);
    this.spec = { kind: 'test', model: 'recording', scale, window, padding };
  }

  prepare(): void {}

  restore(stream: string, window: FrameWindow) {
    this.windows.push(window.frames.map(({ seq }) => seq).join(''));
    this.sizes.add(`${window.reference.width}x${window.reference.height}`);
    return this.#inner.restore(stream, window);
  }

  forget(): void {}

  async dispose(): Promise<void> {
    this.disposals += 1;
  }
}

/** Evaluates a clip of `frames` frames. */
async function evaluateRecording(padding: PaddingMode, frames: number, window: number) {
  const long = await longClip(`${padding}-${frames}`, frames);
  const engine = new Recording(padding, window, 2);
  const result = await evaluate({ model: 'recording', gt: long }, { openEngine: async () => engine });
  return { windows: engine.windows, result, disposals: engine.disposals };
}
