/**
 * The worst frames of an evaluation, kept as small crops where each is worst; whole pictures are not held.
 */
import { type ByteSamples, cut } from '../quality/samples.js';
import type { MeasuredFrame } from './evaluate.js';
import type { Figures } from './evaluate-figures.js';

/** One of the worst frames: its figures, and the same place of four pictures. */
export interface WorstFrame {
  readonly clip: string;
  readonly index: number;
  readonly figures: Figures;
  /** Of the bicubic picture; undefined where that is the model itself. */
  readonly bicubic: Figures | undefined;
  /** Left upper corner of the crops, output pixels. */
  readonly left: number;
  readonly top: number;
  readonly crops: Crops;
}

/** Crops of one place; the source's is smaller by the scale. */
export interface Crops {
  readonly source: ByteSamples;
  readonly bicubic: ByteSamples | undefined;
  readonly restored: ByteSamples;
  readonly truth: ByteSamples;
}

/** Frames kept in all and of one clip. */
const KEPT = 12;
const KEPT_OF_CLIP = 3;
/** Frames of one clip this near look alike: only the worst of them is kept. */
const NEAR = 25;
/** Side of a crop, output pixels. */
const SIDE = 128;
/** Step of the search for the worst place, output pixels. */
const STEP = 16;

/** Sees every frame and keeps the worst. */
export class WorstFrames {
  #kept: readonly WorstFrame[] = [];

  /** The worst first. */
  get list(): readonly WorstFrame[] {
    return this.#kept;
  }

  /** Keeps crops of a frame if it belongs to the worst. `bicubic` is the source upscaled, with its figures. */
  offer(
    measured: MeasuredFrame,
    bicubic: { readonly picture: ByteSamples; readonly figures: Figures } | undefined,
  ): void {
    const { clip, index, figures } = measured;
    const near = this.#kept.find((kept) => kept.clip === clip && Math.abs(kept.index - index) <= NEAR);
    if (near !== undefined && near.figures.psnr <= figures.psnr) {
      return;
    }
    const others = this.#kept.filter((kept) => kept !== near);
    const rivals = others.filter((kept) => kept.clip === clip);
    const lastOfClip = rivals.length < KEPT_OF_CLIP ? undefined : rivals.at(-1);
    const last = lastOfClip ?? (others.length < KEPT ? undefined : others.at(-1));
    if (last !== undefined && last.figures.psnr <= figures.psnr) {
      return;
    }
    const frame = { clip, index, figures, bicubic: bicubic?.figures, ...cropsOf(measured, bicubic?.picture) };
    this.#kept = [...others.filter((kept) => kept !== last), frame].sort(byPsnr);
  }
}

function cropsOf({ source, restored, truth, scale }: MeasuredFrame, bicubic: ByteSamples | undefined) {
  const width = sideOf(restored.width, scale);
  const height = sideOf(restored.height, scale);
  const { left, top } = worstPlace(restored, truth, width, height, scale);
  const crop = (picture: ByteSamples) => cut(picture, left, top, width, height);
  const own = crop(restored);
  const crops: Crops = {
    source: cut(source, left / scale, top / scale, width / scale, height / scale),
    bicubic: bicubic === undefined ? undefined : crop(bicubic),
    // The engine takes the restored picture back: a crop that is all of it must be a copy.
    restored: { ...own, data: own.data.slice() },
    truth: crop(truth),
  };
  return { left, top, crops };
}

/** Side of a crop: a multiple of the scale within the picture. */
function sideOf(side: number, scale: number): number {
  const most = Math.min(SIDE, side);
  return most - (most % scale);
}

/**
 * The left upper corner, a multiple of the scale, of the crop with the largest squared error; searched in coarse steps over
 * sums of cells.
 */
export function worstPlace(
  restored: ByteSamples,
  truth: ByteSamples,
  width: number,
  height: number,
  scale: number,
): { readonly left: number; readonly top: number } {
  const step = Math.ceil(STEP / scale) * scale;
  const sums = summedErrors(restored, truth, step);
  const columns = Math.ceil(restored.width / step) + 1;
  const at = (row: number, column: number) => sums[row * columns + column] ?? 0;
  const [down, across] = [Math.max(1, Math.floor(height / step)), Math.max(1, Math.floor(width / step))];
  let worst = { error: -1, left: 0, top: 0 };
  for (let row = 0; row * step + height <= restored.height; row += 1) {
    for (let column = 0; column * step + width <= restored.width; column += 1) {
      const error =
        at(row + down, column + across) - at(row, column + across) - at(row + down, column) + at(row, column);
      if (error > worst.error) {
        worst = { error, left: column * step, top: row * step };
      }
    }
  }
  return { left: worst.left, top: worst.top };
}

/** Squared errors summed over all cells above and to the left: one row and one column more than there are cells. */
function summedErrors(a: ByteSamples, b: ByteSamples, step: number): Float64Array {
  const columns = Math.ceil(a.width / step) + 1;
  const rows = Math.ceil(a.height / step) + 1;
  const sums = new Float64Array(rows * columns);
  for (let y = 0, i = 0; y < a.height; y += 1) {
    const row = (Math.floor(y / step) + 1) * columns;
    for (let x = 0; x < a.width; x += 1) {
      const cell = row + Math.floor(x / step) + 1;
      for (let c = 0; c < 3; c += 1, i += 1) {
        const difference = (a.data[i] as number) - (b.data[i] as number);
        sums[cell] = (sums[cell] as number) + difference * difference;
      }
    }
  }
  for (let row = 1; row < rows; row += 1) {
    for (let column = 1; column < columns; column += 1) {
      const i = row * columns + column;
      const above = sums[i - columns] as number;
      sums[i] = (sums[i] as number) + above + (sums[i - 1] as number) - (sums[i - columns - 1] as number);
    }
  }
  return sums;
}

/** Rising; two infinite ones are equal. */
function byPsnr(a: WorstFrame, b: WorstFrame): number {
  return a.figures.psnr === b.figures.psnr ? 0 : a.figures.psnr - b.figures.psnr;
}
