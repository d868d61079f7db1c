import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type EvaluateDeps, type EvaluateProgress, evaluate } from '../../src/job/evaluate.js';
import { reference } from '../fixtures/quality/reference.js';
import { writeReferenceClips } from '../fixtures/quality/reference-clips.js';
import { scratchFolder } from '../fixtures/video-files.js';

const dir = scratchFolder('evaluate');
const noModels: EvaluateDeps = {
  openEngine: () => Promise.reject(new Error('no model is opened for bicubic')),
};

let gt: string;
let lq: string;
beforeAll(async () => {
  ({ gt, lq } = await writeReferenceClips(dir));
});

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
