/**
 * A folder of PNGs as the output of `restore`, and one PNG. A folder that was begun is gone on with: frames that are there
 * and valid stay.
 *
 *     OUT/00000000.png 00000001.png …     OUT/.limpid-restore.json   what they were made of
 *
 * A picture is written beside its name and renamed, so that a file of that name is whole or not there.
 */
import { existsSync } from 'node:fs';
import { open, readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { z } from 'zod';
import { LimpidError, messageOf } from '../errors/limpid-error.js';
import type { Picture } from '../frame/frame.js';
import { makeFolder } from '../media/make-folder.js';
import type { RestoreOutput } from './restore-output.js';
import type { Size } from './size.js';

/** What the pictures of a folder were made of: pictures of different origin never stand in one folder unnoticed. */
const originSchema = z.strictObject({
  formatVersion: z.literal(1),
  /** Absolute path. */
  input: z.string(),
  model: z.string(),
  /** sha256 of the weights; null where there are none. */
  weights: z.string().nullable(),
  /** Passes of self-ensemble; 1 without. */
  passes: z.int(),
  view: z.enum(['restored', 'half', 'compare']),
});

export type PictureOrigin = Omit<z.output<typeof originSchema>, 'formatVersion'>;

/** What a folder of pictures is opened with. */
export interface PictureFolderOptions {
  readonly dir: string;
  readonly origin: PictureOrigin;
  readonly nameOf: (index: number) => string;
  /** Restore every frame again, whatever is there. */
  readonly overwrite: boolean;
}

const ORIGIN_FILE = '.limpid-restore.json';
/** zlib's middle: smaller is hardly smaller, faster is twice as large. */
const COMPRESSION = 4;

/**
 * Makes the folder or goes on with it. Throws ERR_SINK_OPEN when it can't be written, holds other files, or frames made of
 * something else.
 */
export async function openPictureFolder(options: PictureFolderOptions): Promise<RestoreOutput> {
  const { dir, origin, overwrite } = options;
  try {
    const made = !existsSync(dir);
    makeFolder(dir);
    const files = (await readdir(dir)).filter((name) => !name.startsWith('.'));
    if (!overwrite) {
      await requireOrigin(dir, origin, files.length > 0);
    }
    await writeFile(join(dir, ORIGIN_FILE), `${JSON.stringify({ formatVersion: 1, ...origin }, null, 2)}\n`);
    return new PictureFolder(options, overwrite ? new Map() : await validPictures(dir, files), made);
  } catch (cause) {
    throw cause instanceof LimpidError ? cause : unwritable(dir, cause);
  }
}

/** One PNG at a path. */
export function openPictureFile(path: string): RestoreOutput {
  return {
    audio: false,
    has: () => false,
    write: (_index, _ptsNs, picture) => writePicture(path, `${path}.part`, picture),
    close: async () => undefined,
  };
}

class PictureFolder implements RestoreOutput {
  readonly audio = false;
  readonly #options: PictureFolderOptions;
  readonly #there: ReadonlyMap<string, Size>;
  readonly #made: boolean;

  constructor(options: PictureFolderOptions, there: ReadonlyMap<string, Size>, made: boolean) {
    this.#options = options;
    this.#there = there;
    this.#made = made;
  }

  has(index: number, { width, height }: Size): boolean {
    const size = this.#there.get(this.#options.nameOf(index));
    return size !== undefined && size.width === width && size.height === height;
  }

  write(index: number, _ptsNs: bigint, picture: Picture): Promise<void> {
    const { dir, nameOf } = this.#options;
    const name = nameOf(index);
    return writePicture(join(dir, name), join(dir, `.${name}.part`), picture);
  }

  /** A folder in which nothing came to be goes, where it was made for this. */
  async close(): Promise<void> {
    const { dir } = this.#options;
    if (!this.#made || (await readdir(dir)).some((name) => name !== ORIGIN_FILE)) return;
    await rm(join(dir, ORIGIN_FILE));
    await rmdir(dir);
  }
}

async function writePicture(path: string, part: string, { width, height, data }: Picture): Promise<void> {
  try {
    await sharp(data, { raw: { width, height, channels: 3 } })
      .png({ compressionLevel: COMPRESSION })
      .toFile(part);
    await rename(part, path);
  } catch (cause) {
    await rm(part, { force: true }).catch(() => undefined);
    throw new LimpidError('ERR_SINK_WRITE', `The picture ${path} could not be written: ${messageOf(cause)}`, { cause });
  }
}

async function requireOrigin(dir: string, origin: PictureOrigin, hasFiles: boolean): Promise<void> {
  const text = await readFile(join(dir, ORIGIN_FILE), 'utf8').catch(() => null);
  if (text === null) {
    if (hasFiles) {
      throw new LimpidError(
        'ERR_SINK_OPEN',
        `Expected an empty folder, or one that limpid restore began, at ${dir} but it holds other files; choose another, or --overwrite`,
      );
    }
    return;
  }
  const found = originSchema.safeParse(parsed(text)).data;
  const differing = (['input', 'model', 'weights', 'passes', 'view'] as const).find(
    (key) => found?.[key] !== origin[key],
  );
  if (differing !== undefined) {
    throw new LimpidError(
      'ERR_SINK_OPEN',
      `Expected frames of ${differing} ${origin[differing]} in ${dir} but they are of ${found?.[differing] ?? 'something else'}; choose another folder, or --overwrite`,
    );
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function validPictures(dir: string, names: readonly string[]): Promise<ReadonlyMap<string, Size>> {
  const valid = new Map<string, Size>();
  for (const name of names.filter((candidate) => candidate.endsWith('.png'))) {
    const size = await wholePngSize(join(dir, name));
    if (size !== null) {
      valid.set(name, size);
    }
  }
  return valid;
}

const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const PNG_END = Buffer.from([0, 0, 0, 0, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82]);
/** Signature, length and name of the first chunk, width, height, depth and colour type. */
const PNG_HEAD_BYTES = 26;
const PNG_RGB8 = Buffer.from([8, 2]);

/** The size of an 8-bit RGB PNG that begins and ends as one; null for anything else. */
async function wholePngSize(path: string): Promise<Size | null> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const head = Buffer.alloc(PNG_HEAD_BYTES);
    const tail = Buffer.alloc(PNG_END.length);
    await file.read(head, 0, head.length, 0);
    await file.read(tail, 0, tail.length, Math.max(0, size - tail.length));
    const isWhole =
      head.subarray(0, PNG_SIGNATURE.length).equals(PNG_SIGNATURE) &&
      head.subarray(PNG_HEAD_BYTES - PNG_RGB8.length).equals(PNG_RGB8) &&
      tail.equals(PNG_END);
    return isWhole ? { width: head.readUInt32BE(16), height: head.readUInt32BE(20) } : null;
  } finally {
    await file.close();
  }
}

function unwritable(dir: string, cause: unknown): LimpidError {
  return new LimpidError(
    'ERR_SINK_OPEN',
    `Expected a folder that can be written at ${dir} but received "${messageOf(cause)}"; choose another`,
    { cause },
  );
}
