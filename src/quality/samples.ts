/**
 * Pictures as the quality measures see them: interleaved samples on the scale 0–255, whatever their type.
 */
import { LimpidError } from '../errors/limpid-error.js';

/** Samples (h, w, channels), interleaved, rows without padding, range 0–255. */
export interface Samples {
  readonly width: number;
  readonly height: number;
  /** 3 for RGB, 1 for luma. */
  readonly channels: number;
  /** height × width × channels values. Luma is not rounded, hence Float64Array. */
  readonly data: Uint8Array | Float64Array;
}

/** A picture of 8-bit samples. */
export interface ByteSamples extends Samples {
  readonly data: Uint8Array;
}

/**
 * Copies a rectangle out of a picture.
 *
 * @param left, top its first column and row; the rectangle lies inside the picture.
 */
export function cut<T extends Samples>(samples: T, left: number, top: number, width: number, height: number): T {
  if (left === 0 && top === 0 && width === samples.width && height === samples.height) {
    return samples;
  }
  const { channels } = samples;
  const data = samples.data.slice(0, width * height * channels);
  for (let y = 0; y < height; y += 1) {
    const start = ((top + y) * samples.width + left) * channels;
    data.set(samples.data.subarray(start, start + width * channels), y * width * channels);
  }
  return { ...samples, width, height, data };
}

/** Takes `border` pixels off every side. @throws ERR_FRAME_SIZE when nothing would be left. */
export function cropBorder<T extends Samples>(samples: T, border: number): T {
  const width = samples.width - 2 * border;
  const height = samples.height - 2 * border;
  if (width < 1 || height < 1) {
    throw new LimpidError(
      'ERR_FRAME_SIZE',
      `Expected frames larger than twice the crop of ${border} but received ${samples.width}x${samples.height}`,
    );
  }
  return cut(samples, border, border, width, height);
}

/** Cuts the right and bottom edge so that both sides are multiples of `factor`. @throws ERR_FRAME_SIZE when nothing would be left. */
export function cropToMultiple<T extends Samples>(samples: T, factor: number): T {
  const width = samples.width - (samples.width % factor);
  const height = samples.height - (samples.height % factor);
  if (width < 1 || height < 1) {
    throw new LimpidError(
      'ERR_FRAME_SIZE',
      `Expected frames of at least ${factor}x${factor} for scale ${factor} but received ${samples.width}x${samples.height}`,
    );
  }
  return cut(samples, 0, 0, width, height);
}

/** Both pictures have one size and one number of channels. @throws ERR_FRAME_SIZE when they differ. */
export function requireSameShape(a: Samples, b: Samples): void {
  if (a.width !== b.width || a.height !== b.height || a.channels !== b.channels) {
    throw new LimpidError(
      'ERR_FRAME_SIZE',
      `Expected two pictures of one shape but received ${shapeOf(a)} and ${shapeOf(b)}`,
    );
  }
}

function shapeOf(samples: Samples): string {
  return `${samples.width}x${samples.height}x${samples.channels}`;
}
