/**
 * PNG files, and pictures of a camera where they will do, as 8-bit RGB: no colour management, no gamma, alpha taken off.
 */
import { readFile } from 'node:fs/promises';
import sharp, { type Metadata, type Sharp } from 'sharp';
import { LimpidError, messageOf } from '../errors/limpid-error.js';
import type { ByteSamples } from '../quality/samples.js';
import type { Size } from './size.js';

/**
 * Reads a PNG as (h, w, 3), 0–255, exactly as stored.
 *
 * @throws ERR_INPUT_FILE when it is missing, damaged, not a PNG or deeper than 8 bits.
 */
export function readPng(path: string): Promise<ByteSamples> {
  return read(path, PNG);
}

/** As {@link readPng}, of a PNG or a JPEG, upright: turned as its EXIF says. */
export function readPicture(path: string): Promise<ByteSamples> {
  return read(path, PNG_OR_JPEG);
}

/** The size a PNG's header states; the pixels are not read. @throws ERR_INPUT_FILE as {@link readPng} does. */
export function readPngSize(path: string): Promise<Size> {
  return readSize(path, PNG);
}

/** As {@link readPngSize}, of a PNG or a JPEG. */
export function readPictureSize(path: string): Promise<Size> {
  return readSize(path, PNG_OR_JPEG);
}

interface Formats {
  readonly allowed: readonly string[];
  /** With its article, in a sentence. */
  readonly name: string;
  /** Whether pictures are turned as their EXIF orientation says. */
  readonly upright: boolean;
}

const PNG: Formats = { allowed: ['png'], name: 'a PNG', upright: false };
const PNG_OR_JPEG: Formats = { allowed: ['png', 'jpeg'], name: 'a PNG or JPEG', upright: true };

async function read(path: string, formats: Formats): Promise<ByteSamples> {
  const image = await open(path, formats);
  requireEightBits(path, formats, await decode(path, formats, () => image.metadata()));
  const { data, info } = await decode(path, formats, () =>
    (formats.upright ? image.autoOrient() : image)
      .toColourspace('srgb')
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true }),
  );
  return { width: info.width, height: info.height, channels: 3, data };
}

async function readSize(path: string, formats: Formats): Promise<Size> {
  const image = await open(path, formats);
  const metadata = await decode(path, formats, () => image.metadata());
  requireEightBits(path, formats, metadata);
  const { width, height } = formats.upright ? metadata.autoOrient : metadata;
  return { width, height };
}

/** Reads through a buffer of our own: libvips keeps what it opened by name, and would show a file as it was before. */
async function open(path: string, { name }: Formats): Promise<Sharp> {
  try {
    return sharp(await readFile(path), { failOn: 'warning', ignoreIcc: true });
  } catch (cause) {
    throw new LimpidError('ERR_INPUT_FILE', `Expected ${name} at ${path} but it can't be read: ${firstLine(cause)}`, {
      cause,
    });
  }
}

async function decode<T>(path: string, { name }: Formats, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (cause) {
    throw new LimpidError('ERR_INPUT_FILE', `Expected ${name} at ${path} but it is damaged: ${firstLine(cause)}`, {
      cause,
    });
  }
}

function requireEightBits(path: string, { allowed, name }: Formats, { format, depth }: Metadata): void {
  if (!allowed.includes(format)) {
    throw new LimpidError('ERR_INPUT_FILE', `Expected ${name} at ${path} but it holds ${format}`);
  }
  if (depth !== 'uchar') {
    throw new LimpidError('ERR_INPUT_FILE', `Expected 8 bits a sample in ${path} but it has 16`);
  }
}

function firstLine(cause: unknown): string {
  return messageOf(cause).split('\n')[0] ?? '';
}
