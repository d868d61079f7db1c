/**
 * Names of recordings: by stream and local time, never one that exists.
 */
import { closeSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname, join, parse, resolve } from 'node:path';
import { LimpidError, messageOf } from '../errors/limpid-error.js';

const EXTENSIONS = { matroska: 'mkv', mp4: 'mp4' } as const;
/** Recordings that may have the same name but for their number. */
const MAX_COPIES = 1_000;

/** What a recording is named by: stream and time in a folder, or one path. */
export type RecordingName =
  | { readonly dir: string; readonly stream: string; readonly container: keyof typeof EXTENSIONS }
  | { readonly path: string };

/**
 * Creates an empty file and returns its path: `<dir>/<stream>-YYYYMMDD-HHMMSS.mkv`, or the path that is asked for. Where
 * that exists a number is put behind it (`-2`, `-3` …): nothing is overwritten.
 *
 * Throws ERR_SINK_OPEN when the folder can't be made or written.
 */
export function reserveRecording(name: RecordingName, now: Date): string {
  const wanted =
    'path' in name
      ? resolve(name.path)
      : join(resolve(name.dir), `${fileName(name.stream)}-${stamp(now)}.${EXTENSIONS[name.container]}`);
  const { dir, name: stem, ext } = parse(wanted);
  try {
    makeFolder(dir);
    for (let copy = 1; copy <= MAX_COPIES; copy += 1) {
      const path = copy === 1 ? wanted : join(dir, `${stem}-${copy}${ext}`);
      if (createNew(path)) {
        return path;
      }
    }
  } catch (cause) {
    throw new LimpidError(
      'ERR_SINK_OPEN',
      `Expected a folder that can be written for recordings at ${dir} but received "${messageOf(cause)}"; choose another`,
      { cause },
    );
  }
  throw new LimpidError('ERR_SINK_OPEN', `${MAX_COPIES} recordings named ${stem} exist already in ${dir}`);
}

/** As `mkdir -p`. Node's own recursive form never returns where the file system answers ENOENT, as /proc does. */
export function makeFolder(dir: string): void {
  try {
    mkdirSync(dir);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' && dirname(dir) !== dir) {
      makeFolder(dirname(dir));
      mkdirSync(dir);
    } else if (code !== 'EEXIST' || !statSync(dir).isDirectory()) {
      throw error;
    }
  }
}

/** Creates the file; false when it exists. Other failures throw. */
function createNew(path: string): boolean {
  try {
    closeSync(openSync(path, 'wx'));
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') {
      return false;
    }
    throw error;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

/** A stream's name with everything that a file system or a shell could take amiss replaced. */
function fileName(stream: string): string {
  return stream.replace(/[^A-Za-z0-9_-]+/g, '-').slice(0, 100) || 'limpid';
}

/** Local time: people look for "yesterday at nine". */
function stamp(now: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const date = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`;
  return `${date}-${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
}
