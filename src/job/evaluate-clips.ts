/**
 * The clips of an evaluation as they lie on disk.
 *
 *     DIR/000.png 001.png …            one clip, named as DIR
 *     DIR/calendar/000.png …           one clip a folder
 *     DIR/city/000.png …
 */
import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { LimpidError, messageOf } from '../errors/limpid-error.js';
import { readPngSize } from './read-png.js';
import type { Size } from './size.js';

/** The frames of one clip, in order. */
export interface Clip {
  readonly name: string;
  /** Paths of the ground truth. */
  readonly gt: readonly string[];
  /** Paths of the low-quality frames, as many; absent when they are to be made from the ground truth. */
  readonly lq?: readonly string[];
}

/** Least side SSIM's window needs. */
const SMALLEST_MEASURED = 11;

/**
 * Finds the clips below `gtDir` and, where `lqDir` is given, their low-quality frames: folders by name, files by order.
 *
 * Hidden files and files other than PNG are ignored; numbers sort by value (`im2.png` before `im10.png`).
 *
 * @throws ERR_INPUT_FILE when there are no PNGs, PNGs and folders are mixed, or the two sides don't match.
 */
export async function findClips(gtDir: string, lqDir?: string): Promise<Clip[]> {
  const truths = await clipsIn(gtDir);
  if (lqDir === undefined) {
    return truths.map(({ name, files }) => ({ name, gt: files }));
  }
  const inputs = await clipsIn(lqDir);
  return truths.map(({ name, files }) => {
    const lq = truths.length === 1 && inputs.length === 1 ? inputs[0] : inputs.find((input) => input.name === name);
    if (lq === undefined) {
      throw new LimpidError('ERR_INPUT_FILE', `Expected a clip ${name} in ${lqDir} as in ${gtDir} but there is none`);
    }
    if (lq.files.length !== files.length) {
      throw new LimpidError(
        'ERR_INPUT_FILE',
        `Expected ${files.length} frames for clip ${name} in ${lqDir} as in ${gtDir} but found ${lq.files.length}`,
      );
    }
    return { name, gt: files, lq: lq.files };
  });
}

/**
 * Reads the header of every frame, so that nothing is found wrong only after an hour.
 *
 * @param scale output size over input size: low-quality frames × scale are the ground truth, cut to a multiple of it.
 * @param crop pixels taken off every side before measuring.
 * @throws ERR_INPUT_FILE or ERR_FRAME_SIZE naming the first file that does not fit.
 */
export async function checkSizes(clip: Clip, scale: number, crop: number): Promise<void> {
  const { width, height } = await commonSize(clip.gt);
  const cut = { width: width - (width % scale), height: height - (height % scale) };
  if (Math.min(cut.width, cut.height) - 2 * crop < SMALLEST_MEASURED) {
    throw new LimpidError(
      'ERR_FRAME_SIZE',
      `Expected at least ${SMALLEST_MEASURED}x${SMALLEST_MEASURED} pixels inside the crop of ${crop} but clip ${clip.name} is ${width}x${height}`,
    );
  }
  if (clip.lq !== undefined) {
    const lq = await commonSize(clip.lq);
    if (lq.width * scale !== cut.width || lq.height * scale !== cut.height) {
      throw new LimpidError(
        'ERR_FRAME_SIZE',
        `Expected low-quality frames of ${cut.width / scale}x${cut.height / scale} for clip ${clip.name} (${width}x${height} at scale ${scale}) but received ${lq.width}x${lq.height}`,
      );
    }
  }
}

/** The size all of a clip's files have. */
async function commonSize(files: readonly string[]): Promise<Size> {
  let common: Size | undefined;
  for (const file of files) {
    const size = await readPngSize(file);
    common ??= size;
    if (size.width !== common.width || size.height !== common.height) {
      throw new LimpidError(
        'ERR_FRAME_SIZE',
        `Expected ${common.width}x${common.height} as the clip's first frame in ${file} but received ${size.width}x${size.height}`,
      );
    }
  }
  return common ?? { width: 0, height: 0 };
}

interface Folder {
  readonly name: string;
  readonly files: readonly string[];
}

async function clipsIn(dir: string): Promise<Folder[]> {
  const { pngs, folders } = await list(dir);
  if (pngs.length > 0 && folders.length > 0) {
    throw new LimpidError(
      'ERR_INPUT_FILE',
      `Expected PNGs or one folder of PNGs per clip in ${dir} but found both (${basename(pngs[0] ?? '')} beside ${basename(folders[0] ?? '')}/)`,
    );
  }
  if (pngs.length > 0) {
    return [{ name: basename(resolve(dir)), files: pngs }];
  }
  if (folders.length === 0) {
    throw new LimpidError('ERR_INPUT_FILE', `Expected PNGs or one folder of PNGs per clip in ${dir} but found none`);
  }
  const clips: Folder[] = [];
  for (const folder of folders) {
    const files = (await list(folder)).pngs;
    if (files.length === 0) {
      throw new LimpidError('ERR_INPUT_FILE', `Expected the PNGs of a clip in ${folder} but found none`);
    }
    clips.push({ name: basename(folder), files });
  }
  return clips;
}

const naturalOrder = new Intl.Collator('en', { numeric: true });

/** Paths of the PNGs and folders in `dir`, hidden ones left out, each in natural order. */
async function list(dir: string): Promise<{ readonly pngs: readonly string[]; readonly folders: readonly string[] }> {
  let names: string[];
  try {
    names = await readdir(dir);
  } catch (cause) {
    throw new LimpidError('ERR_INPUT_FILE', `Expected a folder of PNGs at ${dir} but ${whyNoFolder(cause)}`, { cause });
  }
  const pngs: string[] = [];
  const folders: string[] = [];
  for (const name of names.filter((name) => !name.startsWith('.')).sort(naturalOrder.compare)) {
    const path = join(dir, name);
    if ((await stat(path).catch(() => undefined))?.isDirectory()) {
      folders.push(path);
    } else if (/\.png$/i.test(name)) {
      pngs.push(path);
    }
  }
  return { pngs, folders };
}

function whyNoFolder(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return code === 'ENOENT' ? 'there is none' : code === 'ENOTDIR' ? 'it is a file' : messageOf(cause);
}
