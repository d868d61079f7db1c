/**
 * The images sink: every n-th frame as a PNG or JPEG in a folder.
 */
import { rename, rm } from 'node:fs/promises';
import sharp from 'sharp';
import { LimpidError, messageOf } from '../errors/limpid-error.js';
import type { Frame } from '../frame/frame.js';
import { type ImagesOptions, imagesOptionsSchema, type ResolvedImagesOptions } from './images-options.js';
import type { Sink } from './sink.js';
import { Storage } from './storage.js';

/** What is known of the pictures, and who hears of troubles beside the writing. */
export interface ImagesContext {
  readonly stream: string;
  readonly onTrouble?: (error: LimpidError) => void;
}

const NOTHING_OPEN: ReadonlySet<string> = new Set();
/** Pictures between two looks for old ones. */
const LOOK_EVERY = 100;

/**
 * Opens a series of pictures. A name that is taken gets a number: nothing is overwritten. A file is there only when it is
 * whole. Throws ERR_CONFIG for options out of range.
 *
 * @example openImages({ dir: 'stills', every: 250, keepGigabytes: 5 }, { stream: 'gate' })
 */
export function openImages(options: ImagesOptions, context: ImagesContext): Sink {
  const parsed = imagesOptionsSchema.safeParse(options);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new LimpidError('ERR_CONFIG', `Images option ${issue?.path.join('.')}: ${issue?.message}`);
  }
  return new Images(parsed.data, context);
}

class Images implements Sink {
  readonly label: string;
  readonly view: ResolvedImagesOptions['view'];
  readonly #options: ResolvedImagesOptions;
  readonly #storage: Storage;
  readonly #onTrouble: (error: LimpidError) => void;
  #seen = 0;
  #kept = 0;

  constructor(options: ResolvedImagesOptions, { stream, onTrouble = () => undefined }: ImagesContext) {
    this.label = `images to ${options.dir}`;
    this.view = options.view;
    this.#options = options;
    this.#onTrouble = onTrouble;
    const name = options.view === 'source' ? `${stream}-source` : stream;
    this.#storage = new Storage(options, name, options.format === 'png' ? '.png' : '.jpg');
  }

  async write({ data, width, height }: Frame): Promise<void> {
    const wanted = this.#seen % this.#options.every === 0;
    this.#seen += 1;
    if (!wanted) {
      return;
    }
    await this.#storage.ensureRoom(NOTHING_OPEN);
    const { format, quality } = this.#options;
    const image = sharp(data, { raw: { width, height, channels: 3 } });
    const path = this.#storage.reserve(new Date());
    try {
      await (format === 'png' ? image.png() : image.jpeg({ quality })).toFile(`${path}.part`);
      await rename(`${path}.part`, path);
    } catch (cause) {
      await Promise.all([path, `${path}.part`].map((left) => rm(left, { force: true }).catch(() => undefined)));
      throw new LimpidError('ERR_SINK_WRITE', `The image ${path} could not be written: ${messageOf(cause)}`, { cause });
    }
    if (this.#kept % LOOK_EVERY === 0) {
      await this.#storage.deleteExpired(NOTHING_OPEN).catch((error: unknown) => {
        this.#onTrouble(new LimpidError('ERR_SINK_WRITE', messageOf(error), { cause: error }));
      });
    }
    this.#kept += 1;
  }

  async close(): Promise<void> {}
}
