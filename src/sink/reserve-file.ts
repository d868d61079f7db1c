/**
 * Takes the name of a file before anyone writes it: never one that exists.
 */
import { closeSync, openSync } from 'node:fs';
import { join, parse, resolve } from 'node:path';
import { codeOf, LimpidError, messageOf } from '../errors/limpid-error.js';
import { makeFolder } from '../media/make-folder.js';

/** Files that may have the same name but for their number. */
const MAX_COPIES = 1_000;

/**
 * Creates an empty file and returns its absolute path: the one that is asked for or, where that exists, with a number
 * behind it (`~2`, `~3` …; no stream's name has that sign). Nothing is overwritten.
 *
 * Throws ERR_SINK_OPEN when the folder can't be made or written.
 */
export function reserveFile(path: string): string {
  const wanted = resolve(path);
  const { dir, name: stem, ext } = parse(wanted);
  try {
    makeFolder(dir);
    for (let copy = 1; copy <= MAX_COPIES; copy += 1) {
      const free = copy === 1 ? wanted : join(dir, `${stem}~${copy}${ext}`);
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
