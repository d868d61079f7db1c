/**
 * The figures of an evaluation: how one frame is compared, and how frames and clips are averaged.
 */
import { luma } from '../quality/luma.js';
import { psnr } from '../quality/psnr.js';
import { type ByteSamples, cropBorder, type Samples } from '../quality/samples.js';
import { ssim } from '../quality/ssim.js';

/** What is measured: Y of BT.601, or all three channels. */
export type Channel = 'y' | 'rgb';

/** PSNR in dB (Infinity for equal pictures), SSIM at most 1. */
export interface Figures {
  readonly psnr: number;
  readonly ssim: number;
}

/** Measures a restored frame by the truth, `crop` pixels taken off every side. */
export function compare(restored: ByteSamples, truth: ByteSamples, channel: Channel, crop: number): Figures {
  const measured = (rgb: ByteSamples) => cropBorder<Samples>(channel === 'y' ? luma(rgb) : rgb, crop);
  const [a, b] = [measured(restored), measured(truth)];
  return { psnr: psnr(a, b), ssim: ssim(a, b) };
}

/** The mean of each figure. */
export function meanOf(figures: readonly Figures[]): Figures {
  const mean = (of: (one: Figures) => number) => figures.reduce((sum, one) => sum + of(one), 0) / figures.length;
  return { psnr: mean((one) => one.psnr), ssim: mean((one) => one.ssim) };
}
