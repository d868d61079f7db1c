/**
 * Where `restore` writes: told by the name, opened before the first frame is decoded.
 *
 *     out.mkv  out.mp4     a clip, with audio          out/  out     a folder of PNGs          out.png     one picture
 */
import { type BigIntStats, existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, extname, join, resolve } from 'node:path';
import { codeOf, LimpidError, messageOf } from '../errors/limpid-error.js';
import type { Picture } from '../frame/frame.js';
import type { ClipContainer } from '../sink/clip-audio.js';
import type { RestoreInput } from './restore-input.js';
import type { Size } from './size.js';

/** What a name asks for. */
export type RestoreTarget =
  | { readonly kind: 'clip'; readonly label: string; readonly path: string; readonly container: ClipContainer }
  | { readonly kind: 'folder'; readonly label: string; readonly path: string }
  | { readonly kind: 'picture'; readonly label: string; readonly path: string };

/** A place for pictures, in order. */
export interface RestoreOutput {
  /** Whether the frame's picture is there already, valid and of this size. */
  has(index: number, size: Size): boolean;
  /** Writes a frame's picture; keeps its data only until it resolves. Rejects with ERR_SINK_OPEN, ERR_SINK_WRITE. */
  write(index: number, ptsNs: bigint, picture: Picture): Promise<void>;
  /**
   * Finishes what was begun, so that it can be played, and removes what holds nothing. Idempotent.
   *
   * @param complete every frame was written: the audio behind the last one belongs to it.
   */
  close(complete: boolean): Promise<void>;
  /** Whether audio went along. */
  readonly audio: boolean;
}

const CONTAINERS: Readonly<Record<string, ClipContainer>> = { '.mkv': 'matroska', '.mp4': 'mp4' };

/** Reads the name. Throws ERR_USAGE for what Limpid does not write, ERR_SINK_OPEN for a place that can't be. */
export function restoreTarget(label: string): RestoreTarget {
  const path = resolve(label);
  const isFolder = /[/\\]$/.test(label);
  requireFolders(label, isFolder ? path : dirname(path));
  if (isFolder || statOf(label, path)?.isDirectory() === true) {
    return { kind: 'folder', label, path };
  }
  const extension = extname(label).toLowerCase();
  const container = CONTAINERS[extension];
  if (container !== undefined) {
    return { kind: 'clip', label, path, container };
  }
  if (extension === '.png') {
    return { kind: 'picture', label, path };
  }
  if (extension !== '') {
    throw new LimpidError(
      'ERR_USAGE',
      `Expected .mkv, .mp4, .png or a folder for the output but received ${label}; Limpid writes no ${extension} (a folder's name may end in "/")`,
    );
  }
  return { kind: 'folder', label, path };
}

/** Refuses to write over the input, over a file of it, or over what exists. Throws ERR_USAGE or ERR_SINK_OPEN. */
export function requireApart(target: RestoreTarget, input: RestoreInput, overwrite: boolean): void {
  const identity = identityOf(target.label, target.path);
  if (identity !== undefined && identity === identityOf(target.label, input.path)) {
    throw new LimpidError('ERR_USAGE', `Expected an output other than the input ${input.label}; choose another name`);
  }
  if (target.kind === 'picture' && input.frames !== 1) {
    throw new LimpidError(
      'ERR_USAGE',
      `Expected .mkv, .mp4 or a folder for the frames of ${input.label} but received ${target.label}: one picture is for one picture`,
    );
  }
  requireOtherFiles(target, input);
  if (!overwrite && target.kind !== 'folder' && existsSync(target.path)) {
    throw new LimpidError('ERR_SINK_OPEN', `${target.label} exists already; choose another name, or --overwrite`);
  }
}

/** Refuses to write over a file that is read, by whatever name: symbolic and hard links count. */
function requireOtherFiles(target: RestoreTarget, input: RestoreInput): void {
  const { label } = target;
  const read = new Set(input.files.map((file) => identityOf(label, file)));
  const both = filesWritten(target, input).find((file) => {
    const identity = identityOf(label, file);
    return identity !== undefined && read.has(identity);
  });
  if (both !== undefined) {
    throw new LimpidError(
      'ERR_USAGE',
      `Expected an output other than the files of the input ${input.label} but ${both} is one of them; choose another`,
    );
  }
}

/** What will be written; of a video's pictures, whose number is not known, those that a folder holds already. */
function filesWritten(target: RestoreTarget, { frames, nameOf }: RestoreInput): readonly string[] {
  if (target.kind !== 'folder') {
    return [target.label];
  }
  const names = frames === null ? pngsIn(target) : Array.from({ length: frames }, (_, index) => nameOf(index));
  return names.map((name) => join(target.label, name));
}

function pngsIn({ label, path }: RestoreTarget): readonly string[] {
  try {
    return existsSync(path) ? readdirSync(path).filter((name) => name.endsWith('.png')) : [];
  } catch (cause) {
    throw unwritable(label, cause);
  }
}

/** Refuses a folder that is a file, or lies below one. */
function requireFolders(label: string, folder: string): void {
  for (let dir = folder; ; dir = dirname(dir)) {
    const stat = statOf(label, dir);
    if (stat?.isDirectory() === false) {
      throw new LimpidError(
        'ERR_SINK_OPEN',
        `Expected a folder at ${dir} for the output ${label} but it is a file; choose another name`,
      );
    }
    if (stat !== undefined || dirname(dir) === dir) {
      return;
    }
  }
}

/** What all names of a file have in common, links among them; undefined where nothing is. */
function identityOf(label: string, path: string): string | undefined {
  const stat = statOf(label, path);
  return stat === undefined ? undefined : `${stat.dev}:${stat.ino}`;
}

/** What is there; undefined where nothing is. Throws ERR_SINK_OPEN where that can't be known. */
function statOf(label: string, path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch (cause) {
    // Something above it is a file: it is found on the way up.
    if (codeOf(cause) === 'ENOTDIR') {
      return undefined;
    }
    throw unwritable(label, cause);
  }
}

function unwritable(label: string, cause: unknown): LimpidError {
  return new LimpidError(
    'ERR_SINK_OPEN',
    `Expected a place that can be written for the output ${label} but received "${messageOf(cause)}"; choose another`,
    { cause },
  );
}
