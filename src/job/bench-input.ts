/**
 * Moving pictures to measure with: a seeded texture seen through a window that wanders over it.
 */
import type { Frame } from '../frame/frame.js';
import type { Size } from './size.js';

/** How far the window wanders, pixels. */
const TRAVEL = 64;
/** Distance of the texture's lattice points, pixels. */
const LATTICE = 8;

/** Endless moving frames of one size at 25 fps; each is a fresh buffer, made by row copies. */
export class MovingScene {
  readonly #size: Size;
  readonly #texture: Uint8Array;
  readonly #stride: number;

  constructor(size: Size, seed: number) {
    this.#size = size;
    this.#stride = (size.width + TRAVEL) * 3;
    this.#texture = texture(size.width + TRAVEL, size.height + TRAVEL, seed);
  }

  /** Frame `seq`: 3 pixels to the right and 1 down a frame, back again at the end of the way. */
  frame(seq: number): Frame {
    const { width, height } = this.#size;
    const left = bounce(3 * seq);
    const top = bounce(seq);
    const data = new Uint8Array(width * height * 3);
    for (let y = 0; y < height; y += 1) {
      const start = (top + y) * this.#stride + left * 3;
      data.set(this.#texture.subarray(start, start + width * 3), y * width * 3);
    }
    return {
      width,
      height,
      format: 'rgb8',
      data,
      seq,
      session: 0,
      ptsNs: BigInt(seq) * 40_000_000n,
      captureTimeMs: Date.now(),
      discontinuity: seq === 0,
    };
  }
}

/** 0, 1, … TRAVEL, … 1, 0, 1, … */
function bounce(step: number): number {
  return TRAVEL - Math.abs((step % (2 * TRAVEL)) - TRAVEL);
}

/** Value noise: random grey levels on a lattice, bilinear between, with grain; (h, w, 3). */
function texture(width: number, height: number, seed: number): Uint8Array {
  const random = generator(seed);
  const columns = Math.floor(width / LATTICE) + 2;
  const rows = Math.floor(height / LATTICE) + 2;
  const lattice = Float64Array.from({ length: columns * rows * 3 }, () => 32 + 176 * random());
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y += 1) {
    const v = (y % LATTICE) / LATTICE;
    for (let x = 0; x < width; x += 1) {
      const u = (x % LATTICE) / LATTICE;
      const corner = (Math.floor(y / LATTICE) * columns + Math.floor(x / LATTICE)) * 3;
      const grain = 16 * random();
      for (let c = corner; c < corner + 3; c += 1) {
        const upper = (lattice[c] as number) * (1 - u) + (lattice[c + 3] as number) * u;
        const lower = (lattice[c + columns * 3] as number) * (1 - u) + (lattice[c + columns * 3 + 3] as number) * u;
        data[(y * width + x) * 3 + c - corner] = upper * (1 - v) + lower * v + grain;
      }
    }
  }
  return data;
}

/** Uniform numbers in [0, 1) from a seed (32-bit xorshift, Marsaglia 2003). */
function generator(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state = (state ^ (state << 5)) >>> 0;
    return state / 2 ** 32;
  };
}
