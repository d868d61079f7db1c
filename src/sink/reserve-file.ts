/**
 * Takes the name of a file before anyone writes it: never one that exists.
 */
import { closeSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname, join, parse, resolve } from 'node:path';
import { LimpidError, messageOf } from '../errors/limpid-error.js';

/** Files that may have the same name but for their number. */
const MAX_COPIES = 1_000;

/**
 * Creates an empty file and returns its absolute path: the one that is asked for or, where that exists, with a number
 * behind it (`-2`, `-3` …). Nothing is overwritten.
 *
 * Throws ERR_SINK_OPEN when the folder can't be made or written.
 */
export function reserveFile(path: string): string {
  const wanted = resolve(path);
  const { dir, name: stem, ext } = parse(wanted);
  try {
    makeFolder(dir);
    for (let copy = 1; copy <= MAX_COPIES; copy += 1) {
      const free = copy === 1 ? wanted : join(dir, `${stem}-${copy}${ext}`);
      if (createNew(free)) {
        return free;
      }
    }
  } catch (cause) {
    throw new LimpidError(
      'ERR_SINK_OPEN',
      `Expected a folder that can be written for recordings at ${dir} but received "${messageOf(cause)}"; choose another`,
      { cause },
    );
  }
  throw new LimpidError('ERR_SINK_OPEN', `${MAX_COPIES} files named ${stem} exist already in ${dir}`);
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
