/**
 * Which model restores a camera's pictures, and at what size, by what the machine has time for.
 *
 * 1. Models that have time for the pictures as they are: the largest scale; for pictures of 720 lines or more, which are
 *    not small but blurred and noisy, the smallest one.
 * 2. Where none has: the one for which the pictures are scaled down least, and among equals the largest scale.
 */
import type { Size } from '../edvr/geometry.js';

/** A model that may be chosen. */
export interface ScaleCandidate {
  readonly name: string;
  /** Output size over input size. */
  readonly scale: number;
  /** Multiply-accumulates per frame of a stream of this size. */
  readonly macs: (size: Size) => number;
}

/** What was chosen. */
export interface ScaleChoice {
  readonly model: string;
  readonly scale: number;
  /** What is restored: the source's size, or a smaller one of its shape. */
  readonly size: Size;
}

/** Pictures with as many lines are not made larger where there is time to restore them at their size. */
const LARGE_LINES = 720;
/** Largest picture that is made: 4K, pixels. */
const MOST_PIXELS = 3840 * 2160;
/** Smallest side that pictures are scaled down to. */
const LEAST_SIDE = 32;
/** Sides are even, for encoders' sake. */
const GRAIN = 2;
/** Inputs that differ by less than this share of their pixels count as equal: sides are rounded. */
const EQUAL = 0.05;

/**
 * Chooses among candidates; undefined when there is none.
 *
 * @param source size of the source's pictures
 * @param budget multiply-accumulates there is time for in each frame
 */
export function chooseScale(
  source: Size,
  candidates: readonly ScaleCandidate[],
  budget: number,
): ScaleChoice | undefined {
  const choices = candidates
    .map((candidate) => ({
      model: candidate.name,
      scale: candidate.scale,
      size: largestFor(source, candidate, budget),
    }))
    .sort((a, b) => b.scale - a.scale);
  const untouched = choices.filter(({ size }) => size.width === source.width && size.height === source.height);
  if (untouched.length > 0) {
    return source.height >= LARGE_LINES ? untouched.at(-1) : untouched[0];
  }
  const most = Math.max(...choices.map(({ size }) => pixels(size)));
  return choices.find(({ size }) => pixels(size) >= (1 - EQUAL) * most);
}

/** The largest size of the source's shape, at most the source's, that a candidate has time for. */
function largestFor(source: Size, { scale, macs }: ScaleCandidate, budget: number): Size {
  const fits = (size: Size) => macs(size) <= budget && pixels(size) * scale ** 2 <= MOST_PIXELS;
  if (fits(source)) {
    return source;
  }
  // Costs go with the pixels, but for the padding of sides; from the estimate it goes down until it fits.
  const share = Math.min(1, budget / macs(source), MOST_PIXELS / (pixels(source) * scale ** 2));
  let height = grained(source.height * Math.sqrt(share));
  while (height > LEAST_SIDE && !fits(scaledTo(source, height))) {
    height -= GRAIN;
  }
  return scaledTo(source, Math.max(height, LEAST_SIDE));
}

function scaledTo({ width, height }: Size, lines: number): Size {
  return { width: Math.max(LEAST_SIDE, grained((width * lines) / height)), height: lines };
}

function grained(side: number): number {
  return GRAIN * Math.round(side / GRAIN);
}

function pixels({ width, height }: Size): number {
  return width * height;
}
