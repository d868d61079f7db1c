/**
 * Structural similarity of one frame (Wang et al. 2004), as the papers measure it: 11×11 Gaussian of σ 1.5, valid region
 * only, each channel alone, then the mean.
 *
 * Both passes of the Gaussian run row by row, so that memory is a band of 11 rows whatever the frame's height:
 *
 *     rows of a, b ─▶ a, b, a²+b², a·b ─▶ across ─▶ ring of 11 rows ─▶ down ─▶ one row of SSIM values
 */
import { LimpidError } from '../errors/limpid-error.js';
import { requireSameShape, type Samples } from './samples.js';

const SIZE = 11;
const SIGMA = 1.5;
const C1 = (0.01 * 255) ** 2;
const C2 = (0.03 * 255) ** 2;
/** Weighted sums kept per sample: a, b, a² + b², a·b. SSIM needs only the sum of the two variances. */
const MOMENTS = 4;

/**
 * Mean SSIM over the valid region ((h - 10) × (w - 10)) and the channels; 1 for equal pictures, at least -1.
 *
 * @throws ERR_FRAME_SIZE when shapes differ or a side is shorter than 11 pixels.
 */
export function ssim(a: Samples, b: Samples): number {
  requireSameShape(a, b);
  if (a.width < SIZE || a.height < SIZE) {
    throw new LimpidError(
      'ERR_FRAME_SIZE',
      `Expected at least ${SIZE}x${SIZE} pixels to measure SSIM but received ${a.width}x${a.height}`,
    );
  }
  const { channels } = a;
  const rowLength = a.width * channels;
  const validLength = (a.width - SIZE + 1) * channels;
  const ring = Array.from({ length: SIZE }, () => new Float64Array(MOMENTS * validLength));
  const products = new Float64Array(MOMENTS * rowLength);
  const sums = new Float64Array(MOMENTS * validLength);
  let total = 0;
  for (let y = 0; y < a.height; y += 1) {
    multiplyRow(a.data, b.data, y * rowLength, rowLength, products);
    filterAcross(products, rowLength, channels, ring[y % SIZE] as Float64Array, validLength);
    if (y >= SIZE - 1) {
      filterDown(ring, y - SIZE + 1, sums);
      total += sumOfRow(sums, validLength);
    }
  }
  return total / (validLength * (a.height - SIZE + 1));
}

/** The one-dimensional Gaussian up to its middle, summing to one with its mirror image. */
const HALF_GAUSSIAN = halfGaussian();

function halfGaussian(): readonly [number, number, number, number, number, number] {
  const at = (distance: number) => Math.exp(-(distance ** 2) / (2 * SIGMA * SIGMA));
  const sum = at(0) + 2 * (at(1) + at(2) + at(3) + at(4) + at(5));
  return [at(5) / sum, at(4) / sum, at(3) / sum, at(2) / sum, at(1) / sum, at(0) / sum];
}

/** One row's a, b, a² + b² and a·b, one after the other. */
function multiplyRow(a: Samples['data'], b: Samples['data'], start: number, length: number, out: Float64Array): void {
  for (let i = 0; i < length; i += 1) {
    const va = a[start + i] as number;
    const vb = b[start + i] as number;
    out[i] = va;
    out[length + i] = vb;
    out[2 * length + i] = va * va + vb * vb;
    out[3 * length + i] = va * vb;
  }
}

/** The Gaussian along a row of interleaved channels: taps lie `step` samples apart. Written out: a loop takes twice as long. */
function filterAcross(row: Float64Array, length: number, step: number, out: Float64Array, valid: number): void {
  const [g0, g1, g2, g3, g4, g5] = HALF_GAUSSIAN;
  for (let moment = 0; moment < MOMENTS; moment += 1) {
    const to = moment * valid;
    for (let i = 0, at = moment * length; i < valid; i += 1, at += 1) {
      out[to + i] =
        g0 * ((row[at] as number) + (row[at + 10 * step] as number)) +
        g1 * ((row[at + step] as number) + (row[at + 9 * step] as number)) +
        g2 * ((row[at + 2 * step] as number) + (row[at + 8 * step] as number)) +
        g3 * ((row[at + 3 * step] as number) + (row[at + 7 * step] as number)) +
        g4 * ((row[at + 4 * step] as number) + (row[at + 6 * step] as number)) +
        g5 * (row[at + 5 * step] as number);
    }
  }
}

/** The Gaussian down the ring's rows, whose oldest is row `first` of the picture: pairs of rows at one distance of the middle. */
function filterDown(ring: readonly Float64Array[], first: number, out: Float64Array): void {
  const middle = ring[(first + 5) % SIZE] as Float64Array;
  const centre = HALF_GAUSSIAN[5];
  for (let i = 0; i < out.length; i += 1) {
    out[i] = centre * (middle[i] as number);
  }
  for (let tap = 0; tap < 5; tap += 1) {
    const above = ring[(first + tap) % SIZE] as Float64Array;
    const below = ring[(first + SIZE - 1 - tap) % SIZE] as Float64Array;
    const weight = HALF_GAUSSIAN[tap] as number;
    for (let i = 0; i < out.length; i += 1) {
      out[i] = (out[i] as number) + weight * ((above[i] as number) + (below[i] as number));
    }
  }
}

/** Eq. 13 of the SSIM paper at every sample of one row, summed. */
function sumOfRow(sums: Float64Array, length: number): number {
  let total = 0;
  for (let i = 0; i < length; i += 1) {
    const meanA = sums[i] as number;
    const meanB = sums[length + i] as number;
    const meanProduct = meanA * meanB;
    const meanSquares = meanA * meanA + meanB * meanB;
    const variances = (sums[2 * length + i] as number) - meanSquares;
    const covariance = (sums[3 * length + i] as number) - meanProduct;
    total += ((2 * meanProduct + C1) * (2 * covariance + C2)) / ((meanSquares + C1) * (variances + C2));
  }
  return total;
}
