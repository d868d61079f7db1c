/**
 * Frame sizes as people write them: 320x180.
 */
import { LimpidError } from '../errors/limpid-error.js';

/** Width and height in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Largest side taken: 16K. */
const LARGEST = 16384;

/** '320x180' → {width: 320, height: 180}. @throws ERR_USAGE, naming the option it was given to. */
export function parseSize(text: string, option = '--size'): Size {
  const match = /^(\d{1,5})[x×](\d{1,5})$/i.exec(text.trim());
  const size = { width: Number(match?.[1]), height: Number(match?.[2]) };
  if (!(size.width >= 1 && size.height >= 1 && size.width <= LARGEST && size.height <= LARGEST)) {
    throw new LimpidError(
      'ERR_USAGE',
      `Expected WIDTHxHEIGHT up to ${LARGEST}x${LARGEST} (such as 320x180) for ${option} but received ${text}`,
    );
  }
  return size;
}

/** {width: 320, height: 180} → '320x180'. */
export function sizeText({ width, height }: Size): string {
  return `${width}x${height}`;
}
