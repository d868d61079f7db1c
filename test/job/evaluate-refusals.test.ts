import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { BypassEngine } from '../../src/engine/bypass-engine.js';
import { type EvaluateDeps, type EvaluateOptions, evaluate } from '../../src/job/evaluate.js';
import { writeReferenceClips } from '../fixtures/quality/reference-clips.js';
import { scene } from '../fixtures/quality/scene.js';
import { writePng } from '../fixtures/quality/write-png.js';
import { scratchFolder } from '../fixtures/video-files.js';

const dir = scratchFolder('evaluate-refusals');
const noModels: EvaluateDeps = {
  openEngine: () => Promise.reject(new Error('no model is opened for bicubic')),
};

let gt: string;
let lq: string;
beforeAll(async () => {
  ({ gt, lq } = await writeReferenceClips(dir));
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

  it('a scale other than the model has', async () => {
    const deps = { openEngine: async () => new BypassEngine(4) };
    await expect(evaluate({ model: 'gate', gt, scale: 2 }, deps)).rejects.toMatchObject({
      code: 'ERR_USAGE',
      message: 'Expected 4 for --scale, which is the scale of gate, but received 2; leave it out',
    });
    await expect(evaluate({ model: 'gate', gt, scale: 4 }, deps)).resolves.toMatchObject({ model: 'gate' });
  });

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
