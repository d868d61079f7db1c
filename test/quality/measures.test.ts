import { describe, expect, it } from 'vitest';
import { luma } from '../../src/quality/luma.js';
import { psnr } from '../../src/quality/psnr.js';
import { cropBorder, cropToMultiple, type Samples } from '../../src/quality/samples.js';
import { ssim } from '../../src/quality/ssim.js';
import { reference } from '../fixtures/quality/reference.js';
import { scene } from '../fixtures/quality/scene.js';

const WIDTH = 37;
const HEIGHT = 29;
const a = scene(5, 0, WIDTH, HEIGHT);
const b = scene(5, 1, WIDTH, HEIGHT);

describe('psnr and ssim', () => {
  for (const { channel, crop, ...expected } of reference.pairs) {
    it(`agree with numpy in float64 to 1e-9: ${channel}, crop ${crop}`, () => {
      const [x, y] = [a, b].map((rgb) => cropBorder<Samples>(channel === 'y' ? luma(rgb) : rgb, crop));
      expect(x && y && psnr(x, y)).toBeCloseTo(expected.psnr, 9);
      expect(x && y && ssim(x, y)).toBeCloseTo(expected.ssim, 9);
    });
  }

  it('are infinite and 1 for equal pictures', () => {
    expect(psnr(a, a)).toBe(Number.POSITIVE_INFINITY);
    expect(ssim(a, a)).toBeCloseTo(1, 12);
  });

  it('measure one mean square over all channels: an error of 10 in one of three is 10·log10(255²·3/100)', () => {
    const plain = { width: 4, height: 2, channels: 3, data: new Uint8Array(24).fill(100) };
    const red = { ...plain, data: plain.data.map((value, i) => (i % 3 === 0 ? value + 10 : value)) };
    expect(psnr(plain, red)).toBeCloseTo(10 * Math.log10((255 ** 2 * 3) / 100), 12);
  });

  it('refuse pictures of two shapes', () => {
    expect(() => psnr(a, luma(a))).toThrow('Expected two pictures of one shape but received 37x29x3 and 37x29x1');
    expect(() => ssim(a, scene(5, 0, HEIGHT, WIDTH))).toThrow('but received 37x29x3 and 29x37x3');
  });

  it('refuse to measure SSIM below 11x11', () => {
    const small = scene(1, 0, 10, 20);
    expect(() => ssim(small, small)).toThrow('Expected at least 11x11 pixels to measure SSIM but received 10x20');
  });
});

describe('luma', () => {
  it('maps black, white and the primaries as BT.601 in studio range does, unrounded', () => {
    const data = Uint8Array.of(0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 255, 0, 0, 0, 255);
    const y = luma({ width: 5, height: 1, channels: 3, data }).data;
    [16, 235, 81.481, 144.553, 40.966].forEach((expected, i) => {
      expect(y[i]).toBeCloseTo(expected, 10);
    });
  });
});

describe('cropping', () => {
  it('takes the border off every side', () => {
    const picture = { width: 4, height: 3, channels: 1, data: Uint8Array.from({ length: 12 }, (_, i) => i) };
    expect(cropBorder(picture, 1)).toEqual({ width: 2, height: 1, channels: 1, data: Uint8Array.of(5, 6) });
    expect(cropBorder(picture, 0)).toBe(picture);
  });

  it('cuts right and bottom to a multiple of the scale', () => {
    const cut = cropToMultiple(a, 4);
    expect([cut.width, cut.height]).toEqual([36, 28]);
    expect([...cut.data.slice(36 * 3, 36 * 3 + 3)]).toEqual([...a.data.slice(37 * 3, 37 * 3 + 3)]);
  });

  it('refuses to leave nothing', () => {
    expect(() => cropBorder(a, 15)).toThrow('Expected frames larger than twice the crop of 15 but received 37x29');
    expect(() => cropToMultiple(scene(1, 0, 3, 8), 4)).toThrow(
      'Expected frames of at least 4x4 for scale 4 but received 3x8',
    );
  });
});
