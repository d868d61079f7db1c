/**
 * Peak signal-to-noise ratio of one frame.
 */
import { requireSameShape, type Samples } from './samples.js';

const PEAK = 255;

/**
 * 10·log10(255² / MSE), dB, with one mean square over all pixels and channels of the frame.
 *
 * @returns Infinity when the pictures are equal.
 * @throws ERR_FRAME_SIZE when their shapes differ.
 */
export function psnr(a: Samples, b: Samples): number {
  requireSameShape(a, b);
  const count = a.data.length;
  let squares = 0;
  for (let i = 0; i < count; i += 1) {
    const difference = (a.data[i] as number) - (b.data[i] as number);
    squares += difference * difference;
  }
  return squares === 0 ? Number.POSITIVE_INFINITY : 10 * Math.log10((PEAK * PEAK * count) / squares);
}
