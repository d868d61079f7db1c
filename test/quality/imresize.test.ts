import { describe, expect, it } from 'vitest';
import { imresize } from '../../src/quality/imresize.js';
import { reference } from '../fixtures/quality/reference.js';
import { scene } from '../fixtures/quality/scene.js';

describe('imresize', () => {
  it('is tested on the pictures the reference was computed from', () => {
    const { seed, t, width, height, data } = reference.scene;
    expect([...scene(seed, t, width, height).data]).toEqual(data);
  });

  for (const { width, height, scale, outWidth, outHeight, data } of reference.resized) {
    it(`equals the float64 reference to the last bit: ${width}x${height} by ${scale.toFixed(3)}`, () => {
      const out = imresize(scene(3, 1, width, height), scale);
      expect([out.width, out.height]).toEqual([outWidth, outHeight]);
      expect([...out.data]).toEqual(data);
    });
  }

  it('leaves a picture as it is at scale 1', () => {
    const picture = scene(3, 0, 13, 7);
    expect(imresize(picture, 1)).toEqual(picture);
  });

  it('keeps a flat picture flat and clamps overshoot to 0 and 255', () => {
    const flat = { width: 9, height: 6, channels: 1, data: new Uint8Array(54).fill(200) };
    expect(new Set(imresize(flat, 1 / 3).data)).toEqual(new Set([200]));
    const edge = { width: 6, height: 1, channels: 1, data: Uint8Array.of(0, 0, 0, 255, 255, 255) };
    expect([...imresize(edge, 4).data.slice(0, 8)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it('gives whole sides where scale times side is whole but for rounding errors', () => {
    const out = imresize({ width: 1280, height: 3, channels: 1, data: new Uint8Array(3840) }, 1 / 3 + 1e-17);
    expect([out.width, out.height]).toEqual([427, 1]);
    expect(imresize({ width: 147, height: 3, channels: 1, data: new Uint8Array(441) }, 1 / 3).width).toBe(49);
  });

  it('refuses a scale that is not a positive number', () => {
    expect(() => imresize(scene(1, 0, 4, 4), 0)).toThrow('Expected a positive scale to resize by but received 0');
  });
});
