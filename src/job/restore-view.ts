/**
 * What of a restored frame is written: the frame itself, or a picture that holds it against plain upscaling.
 *
 *     restored   [ restored ]      half   [ plain | restored ] of one picture      compare   [ plain ][ restored ]
 */
import { upscale } from '../engine/upscale.js';
import type { Picture, RestoredFrame } from '../frame/frame.js';
import type { Size } from './size.js';

/** The restored frame, the frame with its left half plain, or both side by side. */
export type RestoreView = 'restored' | 'half' | 'compare';

/** Columns between the two sides; even, so that 4:2:0 can carry them. */
const DIVIDER = 2;
const WHITE = 255;
const CHANNELS = 3;

/** Size of a view of frames of this size. */
export function viewSize(view: RestoreView, { width, height }: Size): Size {
  return view === 'compare' ? { width: 2 * width + DIVIDER, height } : { width, height };
}

/** The picture of a view. May be the restored frame itself: its lease holds. Rejects with ERR_ENGINE. */
export async function composeView(view: RestoreView, { frame, source }: RestoredFrame): Promise<Picture> {
  switch (view) {
    case 'restored':
      return frame;
    case 'half':
      return splitPicture(frame, await upscale(source, frame));
    case 'compare':
      return pairPicture(frame, await upscale(source, frame));
  }
}

function splitPicture(frame: Picture, plain: Uint8Array): Picture {
  const { width, height } = frame;
  const data = Uint8Array.from(frame.data);
  const rowBytes = width * CHANNELS;
  const leftBytes = Math.max(0, (width - DIVIDER) >> 1) * CHANNELS;
  const dividerEnd = Math.min(rowBytes, leftBytes + DIVIDER * CHANNELS);
  for (let row = 0; row < height; row += 1) {
    const at = row * rowBytes;
    data.set(plain.subarray(at, at + leftBytes), at);
    data.fill(WHITE, at + leftBytes, at + dividerEnd);
  }
  return { ...pictureOf(frame), data };
}

function pairPicture(frame: Picture, plain: Uint8Array): Picture {
  const { width, height } = viewSize('compare', frame);
  const data = new Uint8Array(width * height * CHANNELS).fill(WHITE);
  const sideBytes = frame.width * CHANNELS;
  for (let row = 0; row < height; row += 1) {
    const from = row * sideBytes;
    const at = row * width * CHANNELS;
    data.set(plain.subarray(from, from + sideBytes), at);
    data.set(frame.data.subarray(from, from + sideBytes), at + sideBytes + DIVIDER * CHANNELS);
  }
  return { ...pictureOf(frame), width, height, data };
}

function pictureOf({ width, height, format, data, pixelAspect }: Picture): Picture {
  return { width, height, format, data, ...(pixelAspect === undefined ? {} : { pixelAspect }) };
}
