/**
 * Frames to JPEG, each picture once, on libuv's threads.
 */
import sharp, { type Sharp } from 'sharp';
import type { Frame } from '../frame/frame.js';
import type { OpenPictureEncoder } from './picture-encoder.js';

// Each picture is coded by one thread and never seen twice: libvips' own threads and cache would only take from the engine.
sharp.concurrency(1);
sharp.cache(false);

/** Encodes a frame. The caller holds the frame's lease until the promise settles. */
export type JpegEncoder = (frame: Frame) => Promise<Buffer>;

/**
 * An encoder that compresses a frame once however many ask for it: views share their pictures.
 *
 * @param quality 1 to 100
 * @param onEncoded told how long each compression took, ms
 */
export function createJpegEncoder(quality: number, onEncoded: (elapsedMs: number) => void = () => {}): JpegEncoder {
  const encoded = new WeakMap<Frame, Promise<Buffer>>();
  return (frame) => {
    const known = encoded.get(frame);
    if (known !== undefined) {
      return known;
    }
    const started = performance.now();
    const jpeg = rawImage(frame)
      // Huffman tables of the standard: those made for the picture save a twentieth of its bytes and take as long as all the rest.
      .jpeg({ quality, optimizeCoding: false })
      .toBuffer()
      .then((bytes) => {
        onEncoded(performance.now() - started);
        return bytes;
      });
    encoded.set(frame, jpeg);
    return jpeg;
  };
}

/** The encoder as feeds open it: there is nothing to open, every JPEG stands for itself. */
export function jpegPictures(encode: JpegEncoder): OpenPictureEncoder {
  return () => ({
    encode: async (frame) => ({ bytes: await encode(frame), key: true, width: frame.width, height: frame.height }),
    dispose: () => {},
  });
}

/** A frame's pixels as an image to work on; nothing is copied. */
export function rawImage(frame: Frame): Sharp {
  switch (frame.format) {
    case 'rgb8':
      return sharp(frame.data, { raw: { width: frame.width, height: frame.height, channels: 3 } });
  }
}
