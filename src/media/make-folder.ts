import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { codeOf } from '../errors/limpid-error.js';

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
