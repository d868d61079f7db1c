/**
 * Finds scene cuts on luma, so that a window never holds two scenes.
 *
 * A frame begins a new scene when it is like neither of the two before it, however they are shifted against each other:
 * the correlation of thumbnails stays low, both of their fine structure and of their luma. Shifts make fast pans alike,
 * correlation flashes; the frame before the last one makes alike what follows a flash.
 */
import { map, type OperatorFunction } from 'rxjs';
import type { Frame, Picture } from '../frame/frame.js';
import { CELLS, GRID_HEIGHT, GRID_WIDTH, type LumaThumbnail, lumaThumbnail } from './luma-thumbnail.js';

/**
 * Thresholds, measured on pairs cut from 70 photographs with noise: of different ones at most 0.31 and 0.68 (and at least
 * 11 levels apart); of one shifted by a few pixels at least 0.42 and 0.57. On clips of 252 photographs with 240 cuts, 60
 * flashes and 84 fast pans (test/bench/scene-cuts.mjs) they find 96 % of the cuts; 95 % of what they find are cuts, the
 * others being clipping flashes. A cut missed is one between pictures that are alike in luma.
 */
const FINE_BELOW = 0.33;
const LUMA_BELOW = 0.7;
/** Pictures that differ by less, in the mean, are alike: flat ones have nothing to correlate. Levels of luma. */
const SURELY_SAME = 6;
/** Above this the frames are alike without further search. */
const SURELY_ALIKE = 0.5;
/** Shifts tried, cells: a sixth of the picture to each side and more. */
const SHIFT_X = 6;
const SHIFT_Y = 3;
/** Of flatter pictures only noise would be compared: standard deviation, levels. */
const LEAST_DEVIATION = 2;
/** Fewer valid cells than this share can't be compared: black, or a flash that clips all over. */
const LEAST_VALID = 0.25;

/** Looks at the frames of one stream, in order. */
export class SceneCuts {
  /** The last comparable frames, newest first. */
  #before: LumaThumbnail[] = [];

  /** Whether a picture begins a new scene. Constant time, whatever its size. */
  begins(picture: Picture): boolean {
    const thumbnail = lumaThumbnail(picture);
    if (sum(thumbnail.valid) < LEAST_VALID * CELLS) {
      return false;
    }
    const cut = this.#before.length > 0 && this.#before.every((before) => !alike(before, thumbnail));
    this.#before = cut ? [thumbnail] : [thumbnail, ...this.#before.slice(0, 1)];
    return cut;
  }

  /** The next picture has nothing to do with those before it. */
  reset(): void {
    this.#before = [];
  }
}

/** Marks the frames that begin a scene: `frameWindow` ends the run before them. */
export function markSceneCuts(onCut: (frame: Frame) => void = () => undefined): OperatorFunction<Frame, Frame> {
  return (frames$) => {
    const cuts = new SceneCuts();
    return frames$.pipe(
      map((frame) => {
        if (frame.discontinuity) {
          cuts.reset();
        }
        if (!cuts.begins(frame)) {
          return frame;
        }
        onCut(frame);
        return { ...frame, sceneCut: true };
      }),
    );
  };
}

/** Whether two frames show the same scene, moved or lit in another way. */
function alike(a: LumaThumbnail, b: LumaThumbnail): boolean {
  if (meanDifference(a.luma, b.luma) < SURELY_SAME || correlation(a.fine, b.fine, a, b, 0, 0) > SURELY_ALIKE) {
    return true;
  }
  for (let dy = -SHIFT_Y; dy <= SHIFT_Y; dy += 1) {
    for (let dx = -SHIFT_X; dx <= SHIFT_X; dx += 1) {
      if (
        correlation(a.fine, b.fine, a, b, dx, dy) >= FINE_BELOW ||
        correlation(a.luma, b.luma, a, b, dx, dy) >= LUMA_BELOW
      ) {
        return true;
      }
    }
  }
  return false;
}

function meanDifference(a: Float32Array, b: Float32Array): number {
  let total = 0;
  for (let i = 0; i < CELLS; i += 1) {
    total += Math.abs((a[i] ?? 0) - (b[i] ?? 0));
  }
  return total / CELLS;
}

/** Normalised cross-correlation of `a` and `b` shifted by (dx, dy), over the cells valid in both: −1 to 1. */
function correlation(
  a: Float32Array,
  b: Float32Array,
  { valid: validA }: LumaThumbnail,
  { valid: validB }: LumaThumbnail,
  dx: number,
  dy: number,
): number {
  let n = 0;
  let sumA = 0;
  let sumB = 0;
  let sumAa = 0;
  let sumBb = 0;
  let sumAb = 0;
  const shift = dy * GRID_WIDTH + dx;
  const right = GRID_WIDTH - Math.max(0, dx);
  for (let y = Math.max(0, -dy); y < GRID_HEIGHT - Math.max(0, dy); y += 1) {
    for (let x = Math.max(0, -dx); x < right; x += 1) {
      const i = y * GRID_WIDTH + x;
      const j = i + shift;
      if (validA[j] === 1 && validB[i] === 1) {
        const p = a[j] ?? 0;
        const q = b[i] ?? 0;
        n += 1;
        sumA += p;
        sumB += q;
        sumAa += p * p;
        sumBb += q * q;
        sumAb += p * q;
      }
    }
  }
  if (n < LEAST_VALID * CELLS) {
    return 0;
  }
  const product = Math.sqrt(Math.max(0, sumAa - (sumA * sumA) / n) * Math.max(0, sumBb - (sumB * sumB) / n));
  return (sumAb - (sumA * sumB) / n) / Math.max(product, n * LEAST_DEVIATION * LEAST_DEVIATION);
}

function sum(values: Uint8Array): number {
  return values.reduce((total, value) => total + value, 0);
}
