/**
 * A picture's luma on a grid of 32×18 cells, whatever its size: what scene cuts are looked for on.
 *
 * Each cell is the mean of four pixels, so that a frame costs 2304 reads.
 */
import type { Picture } from '../frame/frame.js';

export const GRID_WIDTH = 32;
export const GRID_HEIGHT = 18;
export const CELLS = GRID_WIDTH * GRID_HEIGHT;

/** Darker or brighter cells say nothing: sensors and flashes clip there. */
const DARKEST = 3;
const BRIGHTEST = 238;
/** Neighbourhood whose mean is taken off for the fine structure, cells to each side. */
const AROUND_X = 3;
const AROUND_Y = 2;

/** Luma of a picture, coarse. All arrays are rows of {@link GRID_WIDTH} cells. */
export interface LumaThumbnail {
  /** 0–255. */
  readonly luma: Float32Array;
  /** Luma less the mean of 7×5 cells around: what two scenes share by their lighting alone is not in it. */
  readonly fine: Float32Array;
  /** 1 where the cell is neither black nor clipped. */
  readonly valid: Uint8Array;
}

/** Takes a picture's thumbnail. */
export function lumaThumbnail({ width, height, data }: Picture): LumaThumbnail {
  const luma = new Float32Array(CELLS);
  for (let y = 0; y < 2 * GRID_HEIGHT; y += 1) {
    const row = Math.floor(((y + 0.5) * height) / (2 * GRID_HEIGHT)) * width;
    for (let x = 0; x < 2 * GRID_WIDTH; x += 1) {
      const at = 3 * (row + Math.floor(((x + 0.5) * width) / (2 * GRID_WIDTH)));
      const cell = (y >> 1) * GRID_WIDTH + (x >> 1);
      // Rec. 601 in eighths, a quarter of it: four pixels a cell.
      luma[cell] = (luma[cell] ?? 0) + (2 * (data[at] ?? 0) + 5 * (data[at + 1] ?? 0) + (data[at + 2] ?? 0)) / (8 * 4);
    }
  }
  const valid = Uint8Array.from(luma, (value) => (value >= DARKEST && value <= BRIGHTEST ? 1 : 0));
  return { luma, fine: lessSurroundings(luma), valid };
}

/** Cells beyond the edge are mirrored. */
function lessSurroundings(luma: Float32Array): Float32Array {
  const alongRows = new Float32Array(CELLS);
  const fine = new Float32Array(CELLS);
  for (let y = 0; y < GRID_HEIGHT; y += 1) {
    for (let x = 0; x < GRID_WIDTH; x += 1) {
      let sum = 0;
      for (let dx = -AROUND_X; dx <= AROUND_X; dx += 1) {
        sum += luma[y * GRID_WIDTH + mirrored(x + dx, GRID_WIDTH)] ?? 0;
      }
      alongRows[y * GRID_WIDTH + x] = sum / (2 * AROUND_X + 1);
    }
  }
  for (let y = 0; y < GRID_HEIGHT; y += 1) {
    for (let x = 0; x < GRID_WIDTH; x += 1) {
      let sum = 0;
      for (let dy = -AROUND_Y; dy <= AROUND_Y; dy += 1) {
        sum += alongRows[mirrored(y + dy, GRID_HEIGHT) * GRID_WIDTH + x] ?? 0;
      }
      const cell = y * GRID_WIDTH + x;
      fine[cell] = (luma[cell] ?? 0) - sum / (2 * AROUND_Y + 1);
    }
  }
  return fine;
}

function mirrored(index: number, size: number): number {
  return index < 0 ? -1 - index : index >= size ? 2 * size - 1 - index : index;
}
