import { describe, expect, it } from 'vitest';
import type { MeasuredFrame } from '../../src/job/evaluate.js';
import { WorstFrames, worstPlace } from '../../src/job/worst-frames.js';
import type { ByteSamples } from '../../src/quality/samples.js';
import { scene } from '../fixtures/quality/scene.js';

const WIDTH = 320;
const HEIGHT = 200;

/** The picture with a grey square put over a place. */
function damaged(picture: ByteSamples, left: number, top: number): ByteSamples {
  const data = picture.data.slice();
  for (let y = top; y < top + 20; y += 1) {
    data.fill(128, (y * picture.width + left) * 3, (y * picture.width + left + 20) * 3);
  }
  return { ...picture, data };
}

function measured(clip: string, index: number, psnr: number, place = { left: 200, top: 100 }): MeasuredFrame {
  const truth = scene(1, index, WIDTH, HEIGHT);
  const restored = damaged(truth, place.left, place.top);
  const source = scene(2, index, WIDTH / 4, HEIGHT / 4);
  return { clip, index, figures: { psnr, ssim: 0.5 }, scale: 4, source, restored, truth };
}

describe('worstPlace', () => {
  it.each([
    [0, 0],
    [200, 100],
    [300, 180],
    [140, 20],
  ])('holds the error at %i, %i, on a multiple of the scale', (left, top) => {
    const truth = scene(1, 0, WIDTH, HEIGHT);
    const place = worstPlace(damaged(truth, left, top), truth, 128, 128, 3);
    expect([place.left % 3, place.top % 3]).toEqual([0, 0]);
    expect(place.left).toBeLessThanOrEqual(left);
    expect(place.top).toBeLessThanOrEqual(top);
    // The search goes in steps of 18: the square may stick out by less than that at the far edges.
    expect(place.left + 128 + 18).toBeGreaterThan(left + 20);
    expect(place.top + 128 + 18).toBeGreaterThan(top + 20);
  });

  it('is the corner of pictures without error', () => {
    const truth = scene(1, 0, 40, 30);
    expect(worstPlace(truth, truth, 40, 30, 1)).toEqual({ left: 0, top: 0 });
  });
});

describe('WorstFrames', () => {
  it('keeps twelve in all and three of a clip, the worst first', () => {
    const worst = new WorstFrames();
    for (const clip of ['a', 'b', 'c', 'd', 'e']) {
      for (let i = 0; i < 5; i += 1) {
        worst.offer(measured(clip, i * 30, 30 + i + clip.charCodeAt(0) / 1000), undefined);
      }
    }
    const kept = worst.list.map(({ clip, index }) => `${clip}${index}`);
    expect(kept).toEqual(['a0', 'b0', 'c0', 'd0', 'e0', 'a30', 'b30', 'c30', 'd30', 'e30', 'a60', 'b60']);
  });

  it('keeps the worst of frames that are neighbours', () => {
    const worst = new WorstFrames();
    for (const [index, psnr] of [
      [0, 30],
      [10, 28],
      [20, 29],
      [60, 31],
    ] as const) {
      worst.offer(measured('a', index, psnr), undefined);
    }
    expect(worst.list.map(({ index }) => index)).toEqual([10, 60]);
  });

  it('cuts the same place out of all pictures, and copies what the engine takes back', () => {
    const worst = new WorstFrames();
    const frame = measured('a', 0, 20);
    worst.offer(frame, { picture: frame.truth, figures: { psnr: 10, ssim: 0.1 } });
    const [kept] = worst.list;
    const { left = -1, top = -1, crops } = kept ?? {};
    expect([crops?.restored, crops?.truth, crops?.bicubic].map((crop) => [crop?.width, crop?.height])).toEqual(
      Array(3).fill([128, 128]),
    );
    expect([crops?.source.width, crops?.source.height]).toEqual([32, 32]);
    const first = ((top + 5) * WIDTH + left + 7) * 3;
    expect(crops?.truth.data[(5 * 128 + 7) * 3]).toBe(frame.truth.data[first]);
    expect(crops?.source.data[0]).toBe(frame.source.data[((top / 4) * (WIDTH / 4) + left / 4) * 3]);
    const before = crops?.restored.data.slice();
    frame.restored.data.fill(0);
    expect(crops?.restored.data).toEqual(before);
  });

  it('takes whole pictures that are smaller than a crop', () => {
    const truth = scene(1, 0, 40, 24);
    const worst = new WorstFrames();
    const source = scene(1, 0, 10, 6);
    worst.offer(
      { clip: 'a', index: 0, figures: { psnr: 9, ssim: 0 }, scale: 4, source, restored: truth, truth },
      undefined,
    );
    expect(worst.list[0]).toMatchObject({ left: 0, top: 0, crops: { source: { width: 10, height: 6 } } });
  });
});
