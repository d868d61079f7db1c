/**
 * PNG files as 8-bit RGB, exactly as stored: no colour management, no gamma, alpha taken off.
 */
import { readFile } from 'node:fs/promises';
import sharp, { type Metadata, type Sharp } from 'sharp';
import { LimpidError, messageOf } from '../errors/limpid-error.js';
import type { ByteSamples } from '../quality/samples.js';
import type { Size } from './size.js';

/** Reads a PNG as (h, w, 3), 0–255. @throws ERR_INPUT_FILE when it is missing, damaged, not a PNG or deeper than 8 bits. */
export async function readPng(path: string): Promise<ByteSamples> {
  const image = await openPng(path);
  requireEightBitPng(path, await decode(path, () => image.metadata()));
  const { data, info } = await decode(path, () =>
    image.toColourspace('srgb').removeAlpha().raw().toBuffer({ resolveWithObject: true }),
  );
  return { width: info.width, height: info.height, channels: 3, data };
}

/** The size a PNG's header states; the pixels are not read. @throws ERR_INPUT_FILE as {@link readPng} does. */
export async function readPngSize(path: string): Promise<Size> {
  const image = await openPng(path);
  const metadata = await decode(path, () => image.metadata());
  requireEightBitPng(path, metadata);
  return { width: metadata.width, height: metadata.height };
}

/** Reads through a buffer of our own: libvips keeps what it opened by name, and would show a file as it was before. */
async function openPng(path: string): Promise<Sharp> {
  try {
    return sharp(await readFile(path), { failOn: 'warning', ignoreIcc: true });
  } catch (cause) {
    throw new LimpidError('ERR_INPUT_FILE', `Expected a PNG at ${path} but it can't be read: ${firstLine(cause)}`, {
      cause,
    });
  }
}

async function decode<T>(path: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (cause) {
    throw new LimpidError('ERR_INPUT_FILE', `Expected a PNG at ${path} but it is damaged: ${firstLine(cause)}`, {
      cause,
    });
  }
}

function requireEightBitPng(path: string, { format, depth }: Metadata): void {
  if (format !== 'png') {
    throw new LimpidError('ERR_INPUT_FILE', `Expected a PNG at ${path} but it holds ${format}`);
  }
  if (depth !== 'uchar') {
    throw new LimpidError('ERR_INPUT_FILE', `Expected 8 bits a sample in ${path} but it has 16`);
  }
}

function firstLine(cause: unknown): string {
  return messageOf(cause).split('\n')[0] ?? '';
}
