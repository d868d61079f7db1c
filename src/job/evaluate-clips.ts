/**
 * The clips of an evaluation as they lie on disk.
 *
 *     DIR/000.png 001.png …            one clip, named as DIR
 *     DIR/calendar/000.png …           one clip a folder
 *     DIR/city.mp4                     one clip a video
 *     city.mp4                         one clip
 */
import { readdir, stat } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import { LimpidError, messageOf } from '../errors/limpid-error.js';
import type { Size } from './size.js';

/** Where the frames of one side of a clip are: PNGs in order, or one video. */
export interface ClipFiles {
  readonly name: string;
  readonly kind: 'pngs' | 'video';
  readonly files: readonly string[];
  /** The path that was given, for sentences. */
  readonly given: string;
}

/** How many frames there are, all of one size. */
export interface ClipSurvey extends Size {
  readonly frames: number;
}

/** One clip: its truth, and its low-quality frames unless they are to be made from the truth. */
export interface Clip {
  readonly name: string;
  readonly gt: ClipFiles;
  readonly lq?: ClipFiles;
}

/**
 * Finds the clips of a folder or of one video and, where `lqPath` is given, their low-quality frames: clips by name, files
 * by order.
 *
 * Hidden files and files of other kinds are ignored; numbers sort by value (`im2.png` before `im10.png`).
 *
 * @throws ERR_INPUT_FILE when there is no clip, PNGs lie beside clips, two clips have one name, or a clip has no match.
 */
export async function findClips(gtPath: string, lqPath?: string): Promise<Clip[]> {
  const truths = await clipsIn(gtPath);
  if (lqPath === undefined) {
    return truths.map((gt) => ({ name: gt.name, gt }));
  }
  const inputs = await clipsIn(lqPath);
  return truths.map((gt) => {
    const { name } = gt;
    const lq = truths.length === 1 && inputs.length === 1 ? inputs[0] : inputs.find((input) => input.name === name);
    if (lq === undefined) {
      throw new LimpidError('ERR_INPUT_FILE', `Expected a clip ${name} in ${lqPath} as in ${gtPath} but there is none`);
    }
    return { name, gt, lq };
  });
}

async function clipsIn(given: string): Promise<ClipFiles[]> {
  if (isVideo(given) && (await stat(given).catch(() => undefined))?.isFile()) {
    return [videoClip(given, given)];
  }
  const { pngs, clips } = await list(given);
  if (pngs.length > 0 && clips.length > 0) {
    throw new LimpidError(
      'ERR_INPUT_FILE',
      `Expected PNGs, or one folder of PNGs or one video per clip, in ${given} but found both (${basename(pngs[0] ?? '')} beside ${basename(clips[0] ?? '')})`,
    );
  }
  if (pngs.length > 0) {
    return [{ name: basename(resolve(given)), kind: 'pngs', files: pngs, given }];
  }
  if (clips.length === 0) {
    throw new LimpidError(
      'ERR_INPUT_FILE',
      `Expected PNGs, or one folder of PNGs or one video per clip, in ${given} but found none`,
    );
  }
  const found: ClipFiles[] = [];
  for (const clip of clips) {
    found.push(isVideo(clip) ? videoClip(clip, given) : await pngClip(clip, given));
  }
  const twice = found.find(({ name }, i) => found.findIndex((other) => other.name === name) < i);
  if (twice !== undefined) {
    throw new LimpidError('ERR_INPUT_FILE', `Expected clips of different names in ${given} but two are ${twice.name}`);
  }
  return found;
}

function videoClip(file: string, given: string): ClipFiles {
  return { name: basename(file, extname(file)), kind: 'video', files: [file], given };
}

async function pngClip(folder: string, given: string): Promise<ClipFiles> {
  const { pngs } = await list(folder);
  if (pngs.length === 0) {
    throw new LimpidError('ERR_INPUT_FILE', `Expected the PNGs of a clip in ${folder} but found none`);
  }
  return { name: basename(folder), kind: 'pngs', files: pngs, given };
}

const naturalOrder = new Intl.Collator('en', { numeric: true });

/** Paths of the PNGs in `dir` and of its clips, folders and videos; hidden ones left out, each in natural order. */
async function list(dir: string): Promise<{ readonly pngs: readonly string[]; readonly clips: readonly string[] }> {
  let names: string[];
  try {
    names = await readdir(dir);
  } catch (cause) {
    throw new LimpidError('ERR_INPUT_FILE', `Expected a folder or a video at ${dir} but ${whyNoFolder(cause)}`, {
      cause,
    });
  }
  const pngs: string[] = [];
  const clips: string[] = [];
  for (const name of names.filter((name) => !name.startsWith('.')).sort(naturalOrder.compare)) {
    const path = join(dir, name);
    const isFolder = (await stat(path).catch(() => undefined))?.isDirectory() === true;
    if (!isFolder && /\.png$/i.test(name)) {
      pngs.push(path);
    } else if (isFolder || isVideo(name)) {
      clips.push(path);
    }
  }
  return { pngs, clips };
}

function isVideo(path: string): boolean {
  return /\.(mp4|m4v|mov|mkv|webm|avi|ts|mts|m2ts|mpg|mpeg|y4m)$/i.test(path);
}

function whyNoFolder(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return code === 'ENOENT' ? 'there is none' : code === 'ENOTDIR' ? 'it is a file of another kind' : messageOf(cause);
}
