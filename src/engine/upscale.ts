/**
 * A picture made larger as a good player does it: what a restored one is held against.
 */
import sharp from 'sharp';
import { LimpidError, messageOf } from '../errors/limpid-error.js';
import type { FallbackReason, Frame, Picture, RestoredFrame } from '../frame/frame.js';

/** Pixels of a picture, bicubic (sharp, on a library thread); its own data where the size is the same. Rejects with ERR_ENGINE. */
export async function upscale(
  picture: Picture,
  to: { readonly width: number; readonly height: number },
): Promise<Uint8Array> {
  const { width, height, data } = picture;
  if (width === to.width && height === to.height) {
    return data;
  }
  try {
    return await sharp(data, { raw: { width, height, channels: 3 } })
      .resize(to.width, to.height, { kernel: 'cubic', fit: 'fill' })
      .raw()
      .toBuffer();
  } catch (cause) {
    throw new LimpidError('ERR_ENGINE', `Upscaling ${width}x${height} failed: ${messageOf(cause)}`, { cause });
  }
}

/** The upscaled frame in place of a restored one, `reason` saying why where it is a makeshift. Rejects with ERR_ENGINE. */
export async function upscaledFrame(source: Frame, scale: number, reason?: FallbackReason): Promise<RestoredFrame> {
  const waitMs = Date.now() - source.captureTimeMs;
  const startMs = performance.now();
  const width = source.width * scale;
  const height = source.height * scale;
  const frame = { ...source, width, height, data: await upscale(source, { width, height }) };
  const timing = { waitMs, pyramidMs: 0, restoreMs: performance.now() - startMs };
  return { frame, source, timing, ...(reason === undefined ? {} : { fallback: reason }) };
}
