/**
 * Luma as the papers measure it: Y of BT.601 in studio range, computed from 8-bit RGB and not rounded afterwards.
 */
import type { ByteSamples, Samples } from './samples.js';

/**
 * Y = 16 + (65.481 R + 128.553 G + 24.966 B) / 255, per pixel.
 *
 * @param rgb (h, w, 3), 0–255.
 * @returns (h, w, 1), 16–235, unrounded.
 */
export function luma(rgb: ByteSamples): Samples {
  const pixels = rgb.width * rgb.height;
  const data = new Float64Array(pixels);
  for (let i = 0; i < pixels; i += 1) {
    const r = rgb.data[3 * i] as number;
    const g = rgb.data[3 * i + 1] as number;
    const b = rgb.data[3 * i + 2] as number;
    data[i] = 16 + (65.481 * r + 128.553 * g + 24.966 * b) / 255;
  }
  return { width: rgb.width, height: rgb.height, channels: 1, data };
}
