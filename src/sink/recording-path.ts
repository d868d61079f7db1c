/**
 * Names of recordings: by stream and local time, never one that exists.
 */
import { closeSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { LimpidError, messageOf } from '../errors/limpid-error.js';

const EXTENSIONS = { matroska: 'mkv', mp4: 'mp4' } as const;
/** Recordings of one stream that begin in the same second. */
const MAX_PER_SECOND = 1_000;

/** What a recording is named by. */
export interface RecordingName {
  readonly dir: string;
  readonly stream: string;
  readonly container: keyof typeof EXTENSIONS;
}

/**
 * Creates an empty file `<dir>/<stream>-YYYYMMDD-HHMMSS.mkv` (`-2`, `-3` … when that second is taken) and returns its path.
 * Throws ERR_SINK_OPEN when the folder can't be made or written.
 */
export function reserveRecording({ dir, stream, container }: RecordingName, now: Date): string {
  const stem = `${fileName(stream)}-${stamp(now)}`;
  try {
    makeFolder(resolve(dir));
    for (let copy = 1; copy <= MAX_PER_SECOND; copy += 1) {
      const path = join(dir, `${stem}${copy === 1 ? '' : `-${copy}`}.${EXTENSIONS[container]}`);
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
  throw new LimpidError('ERR_SINK_OPEN', `${MAX_PER_SECOND} recordings named ${stem} exist already in ${dir}`);
}

/** As `mkdir -p`. Node's own recursive form never returns where the file system answers ENOENT, as /proc does. */
function makeFolder(dir: string): void {
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
