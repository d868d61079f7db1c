/**
 * The files of one sink in their folder: how much they hold, which are the oldest, and whether the disk has room.
 *
 * Files are known by their names, so that those of an earlier run count too and those of others are never touched.
 */
import { readdir, rm, rmdir, stat, statfs } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { LimpidError, messageOf } from '../errors/limpid-error.js';
import { nameOf, namesOf } from './file-name.js';
import { reserveFile } from './reserve-file.js';
import type { StorageOptions } from './storage-options.js';

interface StoredFile {
  readonly path: string;
  readonly bytes: number;
  readonly modifiedMs: number;
}

const MS_PER_HOUR = 3_600_000;
const BYTES_PER_GIGABYTE = 1e9;
const BYTES_PER_MEGABYTE = 1e6;
/** Time between two looks at the disk, ms. */
const LOOK_MS = 1_000;

/** The files of one sink. */
export class Storage {
  readonly #options: StorageOptions;
  readonly #stream: string;
  readonly #extension: string;
  readonly #dir: string;
  #lookedMs = Number.NEGATIVE_INFINITY;

  /** @param extension with its dot */
  constructor(options: StorageOptions, stream: string, extension: string) {
    this.#options = options;
    this.#stream = stream;
    this.#extension = extension;
    this.#dir = resolve(options.dir);
  }

  /** Takes the name of a new file, `now` being in it. Throws ERR_SINK_OPEN when the folder can't be made or written. */
  reserve(now: Date): string {
    return reserveFile(join(this.#dir, `${nameOf(this.#options.name, this.#stream, now)}${this.#extension}`));
  }

  /**
   * Looks whether the disk has room, at most once a second; deletes the oldest files where that is wanted. Rejects with
   * ERR_SINK_WRITE when there is no room.
   *
   * @param open files being written, which stay
   */
  async ensureRoom(open: ReadonlySet<string>, nowMs = Date.now()): Promise<void> {
    if (nowMs - this.#lookedMs < LOOK_MS) {
      return;
    }
    this.#lookedMs = nowMs;
    const { minFreeMegabytes, diskFull } = this.#options;
    const wanted = minFreeMegabytes * BYTES_PER_MEGABYTE;
    let free = await freeBytes(this.#dir);
    if (free < wanted && diskFull === 'delete-oldest') {
      for (const file of await this.#finished(open)) {
        await this.#remove(file.path);
        free = await freeBytes(this.#dir);
        if (free >= wanted) {
          break;
        }
      }
    }
    if (free < wanted) {
      this.#lookedMs = Number.NEGATIVE_INFINITY;
      const remedy =
        diskFull === 'stop' ? 'free some space, or set diskFull: delete-oldest' : 'nothing is left to delete';
      throw new LimpidError(
        'ERR_SINK_WRITE',
        `The disk of ${this.#options.dir} is full: ${Math.floor(free / BYTES_PER_MEGABYTE)} MB are free of the ` +
          `${minFreeMegabytes} that minFreeMegabytes wants; ${remedy}`,
      );
    }
  }

  /** Deletes what is older than `keepHours` and, the oldest first, what is beyond `keepGigabytes`. Returns how many. */
  async deleteExpired(open: ReadonlySet<string>, nowMs = Date.now()): Promise<number> {
    const { keepHours, keepGigabytes } = this.#options;
    if (keepHours === undefined && keepGigabytes === undefined) {
      return 0;
    }
    const oldestMs = nowMs - (keepHours ?? Number.POSITIVE_INFINITY) * MS_PER_HOUR;
    const mostBytes = (keepGigabytes ?? Number.POSITIVE_INFINITY) * BYTES_PER_GIGABYTE;
    const files = await this.#finished(open);
    let bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    let deleted = 0;
    for (const file of files) {
      if (file.modifiedMs < oldestMs || bytes > mostBytes) {
        await this.#remove(file.path);
        bytes -= file.bytes;
        deleted += 1;
      }
    }
    return deleted;
  }

  /** Files that nobody writes, the oldest first. */
  async #finished(open: ReadonlySet<string>): Promise<StoredFile[]> {
    const names = namesOf(this.#options.name, this.#stream, this.#extension);
    const recursive = this.#options.name.includes('/');
    const entries = await readdir(this.#dir, { withFileTypes: true, recursive }).catch(() => []);
    const files: StoredFile[] = [];
    for (const entry of entries) {
      const path = join(entry.parentPath, entry.name);
      if (entry.isFile() && !open.has(path) && names.test(relative(this.#dir, path).split(sep).join('/'))) {
        const found = await stat(path).catch(() => null);
        if (found !== null) {
          files.push({ path, bytes: found.size, modifiedMs: found.mtimeMs });
        }
      }
    }
    return files.sort((a, b) => a.modifiedMs - b.modifiedMs);
  }

  /** Deletes a file, and the folders below ours that it leaves empty. */
  async #remove(path: string): Promise<void> {
    try {
      await rm(path, { force: true });
    } catch (cause) {
      throw new LimpidError('ERR_SINK_WRITE', `Expected to delete ${path} but received "${messageOf(cause)}"`, {
        cause,
      });
    }
    for (let dir = dirname(path); dir !== this.#dir && dir.startsWith(this.#dir); dir = dirname(dir)) {
      const removed = await rmdir(dir).then(
        () => true,
        () => false,
      );
      if (!removed) {
        return;
      }
    }
  }
}

/** Free bytes where the folder is, or will be. */
async function freeBytes(dir: string): Promise<number> {
  try {
    const { bavail, bsize, blocks } = await statfs(dir);
    // A file system that is not a disk's counts no blocks.
    return blocks === 0 ? Number.POSITIVE_INFINITY : bavail * bsize;
  } catch (cause) {
    if (dirname(dir) !== dir) {
      return freeBytes(dirname(dir));
    }
    throw new LimpidError('ERR_SINK_OPEN', `Expected a disk at ${dir} but received "${messageOf(cause)}"`, { cause });
  }
}
