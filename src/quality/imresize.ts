/**
 * MATLAB's bicubic `imresize`: how the field makes its low-resolution frames, and the baseline every model is held to.
 *
 * Cubic convolution with a = -1/2 (Keys 1981); when shrinking, the kernel is widened by 1/scale (antialiasing); borders are
 * mirrored with the edge pixel repeated; the result is rounded to 8 bits once, at the end.
 *
 *     input rows ─▶ weighted sum of a few rows ─▶ one row of doubles ─▶ weighted sum of a few columns ─▶ output row
 */
import { LimpidError } from '../errors/limpid-error.js';
import type { ByteSamples } from './samples.js';

/** Taps of every output position along one axis: `taps` input positions and their weights each. */
interface Axis {
  readonly taps: number;
  readonly positions: Int32Array;
  readonly weights: Float64Array;
}

/**
 * Resizes a picture by `scale` (> 0); each side becomes ceil(scale × side).
 *
 * @throws ERR_FRAME_SIZE when the scale is not a positive number.
 */
export function imresize(picture: ByteSamples, scale: number): ByteSamples {
  if (!(scale > 0) || !Number.isFinite(scale)) {
    throw new LimpidError('ERR_FRAME_SIZE', `Expected a positive scale to resize by but received ${scale}`);
  }
  const width = resizedLength(picture.width, scale);
  const height = resizedLength(picture.height, scale);
  const { channels } = picture;
  const across = axis(picture.width, width, scale, channels);
  const down = axis(picture.height, height, scale, picture.width * channels);
  const data = new Uint8Array(width * height * channels);
  const row = new Float64Array(picture.width * channels);
  for (let y = 0; y < height; y += 1) {
    sumRows(picture.data, down, y, row);
    sumColumns(row, across, channels, data, y * width * channels);
  }
  return { width, height, channels, data };
}

/** ceil(scale × length), where scale × length is a whole number but for rounding errors: that number. */
function resizedLength(length: number, scale: number): number {
  const exact = length * scale;
  const nearest = Math.round(exact);
  return Math.max(1, Math.abs(exact - nearest) < 1e-9 * length ? nearest : Math.ceil(exact));
}

/** Keys' cubic convolution kernel, a = -1/2; zero from 2 on. */
function cubic(x: number): number {
  const d = Math.abs(x);
  if (d <= 1) {
    return (1.5 * d - 2.5) * d * d + 1;
  }
  return d <= 2 ? ((-0.5 * d + 2.5) * d - 4) * d + 2 : 0;
}

/** Which input positions (in samples, `stride` apart) an output position is made of, and their weights summing to one. */
function axis(length: number, resized: number, scale: number, stride: number): Axis {
  const shrink = Math.min(scale, 1);
  const support = 4 / shrink;
  const taps = Math.ceil(support) + 2;
  const positions = new Int32Array(resized * taps);
  const weights = new Float64Array(resized * taps);
  for (let out = 0; out < resized; out += 1) {
    // Pixel centres: the centre of output pixel `out` lies at (out + 1/2) / scale - 1/2 of the input.
    const centre = (out + 0.5) / scale - 0.5;
    const first = Math.floor(centre - support / 2);
    let sum = 0;
    for (let tap = 0; tap < taps; tap += 1) {
      const weight = shrink * cubic(shrink * (centre - (first + tap)));
      weights[out * taps + tap] = weight;
      positions[out * taps + tap] = mirrored(first + tap, length) * stride;
      sum += weight;
    }
    for (let tap = 0; tap < taps; tap += 1) {
      weights[out * taps + tap] = (weights[out * taps + tap] as number) / sum;
    }
  }
  return { taps, positions, weights };
}

/** … 1 0 | 0 1 … n-1 | n-1 n-2 …: symmetric, with period 2n. */
function mirrored(index: number, length: number): number {
  const period = 2 * length;
  const within = ((index % period) + period) % period;
  return within < length ? within : period - 1 - within;
}

/** The weighted sum of the input rows of output row `y`. */
function sumRows(data: Uint8Array, down: Axis, y: number, row: Float64Array): void {
  row.fill(0);
  for (let tap = y * down.taps; tap < (y + 1) * down.taps; tap += 1) {
    const weight = down.weights[tap] as number;
    if (weight !== 0) {
      const start = down.positions[tap] as number;
      for (let i = 0; i < row.length; i += 1) {
        row[i] = (row[i] as number) + weight * (data[start + i] as number);
      }
    }
  }
}

/** The weighted sums along one row, clamped and rounded (halves up) into `out` from `start` on. */
function sumColumns(row: Float64Array, across: Axis, channels: number, out: Uint8Array, start: number): void {
  const { taps, positions, weights } = across;
  const width = positions.length / taps;
  for (let x = 0; x < width; x += 1) {
    for (let channel = 0; channel < channels; channel += 1) {
      let sum = 0;
      for (let tap = x * taps; tap < (x + 1) * taps; tap += 1) {
        sum += (weights[tap] as number) * (row[(positions[tap] as number) + channel] as number);
      }
      out[start + x * channels + channel] = Math.min(255, Math.max(0, Math.floor(sum + 0.5)));
    }
  }
}
