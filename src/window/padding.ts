/**
 * Which frames stand in a window that reaches over the end of a clip.
 *
 * | mode              | window of frame 0, T = 5 | window of the last frame n |
 * |-------------------|--------------------------|----------------------------|
 * | replicate         | 0 0 0 1 2                | n-2 n-1 n n n              |
 * | reflection        | 2 1 0 1 2                | n-2 n-1 n n-1 n-2          |
 * | reflection_circle | 4 3 0 1 2                | n-2 n-1 n n-3 n-4          |
 * | circle            | 3 4 0 1 2                | n-2 n-1 n n-4 n-3          |
 */

/** Temporal padding modes, as the released EDVR code names them. */
export const paddingModes = ['replicate', 'reflection', 'reflection_circle', 'circle'] as const;

export type PaddingMode = (typeof paddingModes)[number];

/**
 * Indices of the frames in the window of frame `t`.
 *
 * A clip too short for its mode (shorter than the window for the circles, than N+1 for reflection) is padded by
 * replication.
 *
 * @param t index of the reference, 0 ≤ t ≤ last
 * @param size frames in a window, odd
 * @param last index of the clip's last frame
 * @returns `size` indices within 0 … last
 */
export function windowIndices(mode: PaddingMode, t: number, size: number, last: number): number[] {
  const half = size >> 1;
  const usable = last + 1 >= framesNeeded(mode, size) ? mode : 'replicate';
  return Array.from({ length: size }, (_, i) => {
    const j = t - half + i;
    return j < 0 ? before(usable, t, j, size) : j > last ? after(usable, t, j, size, last) : j;
  });
}

/**
 * Frames a clip must have before the window of its first frame is known, whatever follows.
 */
export function framesNeeded(mode: PaddingMode, size: number): number {
  const half = size >> 1;
  switch (mode) {
    case 'replicate':
    case 'reflection':
      return half + 1;
    case 'reflection_circle':
    case 'circle':
      return size;
  }
}

function before(mode: PaddingMode, t: number, j: number, size: number): number {
  switch (mode) {
    case 'replicate':
      return 0;
    case 'reflection':
      return -j;
    case 'reflection_circle':
      return t + (size >> 1) - j;
    case 'circle':
      return size + j;
  }
}

function after(mode: PaddingMode, t: number, j: number, size: number, last: number): number {
  switch (mode) {
    case 'replicate':
      return last;
    case 'reflection':
      return 2 * last - j;
    case 'reflection_circle':
      return t - (size >> 1) - (j - last);
    case 'circle':
      return j - size;
  }
}
