/**
 * Raw RGB video as GStreamer names it (caps) and lays it out (rows padded to four bytes).
 */
import { LimpidError } from '../errors/limpid-error.js';
import type { PixelAspect } from '../frame/frame.js';

/** The layout of one raw RGB picture on a media pipe. */
export interface RawVideo {
  readonly width: number;
  readonly height: number;
  /** Frames a second as the caps state them; null when the rate varies or is unknown. */
  readonly framesPerSecond: number | null;
  /** Bytes of pixels in a row. */
  readonly rowBytes: number;
  /** Bytes from one row to the next: `rowBytes` rounded up to four. */
  readonly strideBytes: number;
  /** Absent when pixels are square. */
  readonly pixelAspect?: PixelAspect;
  /** Set when the numbers are light of a high dynamic range: PQ (SMPTE ST 2084) or HLG (ARIB STD-B67). */
  readonly highDynamicRange?: HighDynamicRange;
}

/** Transfer functions of high dynamic range. */
export type HighDynamicRange = 'PQ' | 'HLG';

/** GstVideoTransferFunction, as the third number of a colorimetry that has no name. */
const HDR_TRANSFERS: Readonly<Record<string, HighDynamicRange>> = { 14: 'PQ', 15: 'HLG' };

/** Largest side Limpid reads, pixels. */
const MAX_SIDE = 16_384;

/** The layout of a picture of this size. */
export function rawVideo(
  width: number,
  height: number,
  framesPerSecond: number | null,
  pixelAspect?: PixelAspect,
): RawVideo {
  const rowBytes = width * 3;
  const layout = { width, height, framesPerSecond, rowBytes, strideBytes: (rowBytes + 3) & ~3 };
  return pixelAspect === undefined ? layout : { ...layout, pixelAspect };
}

/** Reads `video/x-raw, format=(string)RGB, …`. Throws ERR_GDP for anything else and for sizes out of range. */
export function parseRawVideoCaps(caps: string): RawVideo {
  const width = Number(/\bwidth=\(int\)(\d{1,9})\b/.exec(caps)?.[1]);
  const height = Number(/\bheight=\(int\)(\d{1,9})\b/.exec(caps)?.[1]);
  const isRgb = caps.startsWith('video/x-raw,') && /\bformat=\(string\)RGB\b/.test(caps);
  const inRange = (side: number) => Number.isInteger(side) && side >= 1 && side <= MAX_SIDE;
  if (!isRgb || !inRange(width) || !inRange(height)) {
    throw new LimpidError(
      'ERR_GDP',
      `Expected raw RGB video with sides from 1 to ${MAX_SIDE} on the media pipe but received "${caps.slice(0, 200)}"`,
    );
  }
  const rate = /\bframerate=\(fraction\)(\d{1,9})\/(\d{1,9})\b/.exec(caps);
  const framesPerSecond = Number(rate?.[1]) / Number(rate?.[2]);
  const knownRate = framesPerSecond > 0 && Number.isFinite(framesPerSecond) ? framesPerSecond : null;
  const highDynamicRange = HDR_TRANSFERS[/\bcolorimetry=\(string\)\d+:\d+:(\d+):\d+/.exec(caps)?.[1] ?? ''];
  const video = rawVideo(width, height, knownRate, pixelAspectOf(caps));
  return highDynamicRange === undefined ? video : { ...video, highDynamicRange };
}

function pixelAspectOf(caps: string): PixelAspect | undefined {
  const match = /\bpixel-aspect-ratio=\(fraction\)(\d{1,5})\/(\d{1,5})\b/.exec(caps);
  const numerator = Number(match?.[1]);
  const denominator = Number(match?.[2]);
  return numerator > 0 && denominator > 0 && numerator !== denominator ? { numerator, denominator } : undefined;
}

/**
 * Caps of RGB pictures. The colorimetry is that of sRGB pixels in full range; encoders are told theirs separately.
 * A rate of 0/1 says that the rate varies.
 */
export function rawVideoCaps(video: RawVideo): string {
  const rate = video.framesPerSecond === null ? '0/1' : `${Math.round(video.framesPerSecond * 1000)}/1000`;
  const { numerator, denominator } = video.pixelAspect ?? { numerator: 1, denominator: 1 };
  return (
    `video/x-raw, format=(string)RGB, width=(int)${video.width}, height=(int)${video.height}, ` +
    `framerate=(fraction)${rate}, pixel-aspect-ratio=(fraction)${numerator}/${denominator}, interlace-mode=(string)progressive, ` +
    'colorimetry=(string)sRGB'
  );
}
