/**
 * Pictures as plain arrays, (h, w, 3), and what a test does to them pixel by pixel.
 */
import type { Frame } from '../../src/frame/frame.js';
import type { FrameWindow } from '../../src/window/frame-window.js';
import { testFrame } from '../fixtures/frames.js';
import { parityFrame } from '../fixtures/parity.js';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A frame of noise, different at each seq. */
export function noiseFrame(seq: number, size: Size): Frame {
  return testFrame(seq, { ...size, data: parityFrame(11, seq, size) });
}

export function windowOf(frames: readonly Frame[]): FrameWindow {
  return { frames, reference: frames[frames.length >> 1] as Frame };
}

/** A picture of `to`, each of whose pixels is that of `from` where `place` says: [x, y]. */
export function rearranged<T extends Uint8Array | Float32Array>(
  from: { readonly data: T } & Size,
  to: Size,
  place: (x: number, y: number) => readonly [number, number],
): T {
  const data =
    from.data.slice(0, 0).constructor === Uint8Array
      ? new Uint8Array(to.width * to.height * 3)
      : new Float32Array(to.width * to.height * 3);
  for (let y = 0; y < to.height; y += 1) {
    for (let x = 0; x < to.width; x += 1) {
      const [fromX, fromY] = place(x, y);
      for (let c = 0; c < 3; c += 1) {
        data[(y * to.width + x) * 3 + c] = from.data[(fromY * from.width + fromX) * 3 + c] ?? Number.NaN;
      }
    }
  }
  return data as T;
}

/** Largest difference of two pictures of the same size. */
export function farthest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new RangeError(`pictures of ${a.length} and ${b.length} values`);
  let largest = 0;
  for (let i = 0; i < a.length; i += 1) {
    const difference = Math.abs((a[i] ?? 0) - (b[i] ?? 0));
    // A NaN is as far away as can be.
    largest = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(largest, difference);
  }
  return largest;
}
