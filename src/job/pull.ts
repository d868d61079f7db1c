/**
 * A published checkpoint becomes a model: fetched, verified, imported as its manifest says.
 */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { LimpidError } from '../errors/limpid-error.js';
import { makeFolder } from '../media/make-folder.js';
import type { Published } from '../model/manifest.js';
import { importFolder } from '../model/model-folders.js';
import { findPublished, type PublishedOptions, publishedNames } from '../model/published.js';
import { type DownloadOptions, download } from './download.js';
import { checkName, type Imported, importCheckpoint } from './import.js';

/** Options of {@link pullModel}. */
export interface PullOptions extends PublishedOptions, DownloadOptions {
  /** Whether a model of that name is replaced. */
  readonly force?: boolean | undefined;
  /** Where the model goes; default: {@link importFolder}. */
  readonly modelsDir?: string | undefined;
}

/** What was pulled; the document of `limpid models pull --json`. */
export interface Pulled extends Imported {
  readonly url: string;
  /** Of the file that came. */
  readonly sha256: string;
  /** How much of it the publisher had stated, and was found true. */
  readonly verified: 'sha256' | 'sha256 prefix' | 'nothing';
}

/**
 * Fetches and imports a published checkpoint. What came of a broken download stays in the models folder for the next
 * attempt; a file that is another than the manifest's is deleted.
 *
 * Throws ERR_MODEL_UNKNOWN, ERR_USAGE where the model is there already, ERR_DOWNLOAD, ERR_MODEL_CHECKSUM, and what
 * {@link importCheckpoint} throws.
 */
export async function pullModel(name: string, options: PullOptions = {}): Promise<Pulled> {
  const published = await findPublished(name, options);
  if (published === undefined) {
    const known = (await publishedNames(options)).join(', ');
    const received = JSON.stringify(name.slice(0, 80));
    const sentence = `Expected the name of a published checkpoint but received ${received}; known are ${known}`;
    throw new LimpidError('ERR_MODEL_UNKNOWN', sentence);
  }
  const folder = options.modelsDir ?? importFolder();
  await checkName(name, folder, options.force);
  const { source } = published;
  const file = path.join(folder, source.file);
  try {
    makeFolder(folder);
  } catch (cause) {
    const sentence = `Expected a folder for models at ${folder} but could not make it; choose another with LIMPID_MODELS`;
    throw new LimpidError('ERR_INPUT_FILE', sentence, { cause });
  }
  const sha256 = await download(source.url, file, options);
  try {
    const verified = verify(published, sha256);
    const { task, padding, license, training, quality } = published;
    const imported = await importCheckpoint({
      ...{ file, name, task, padding, license, quality, sha256 },
      options: published.options,
      notes: { ...training, url: source.url, page: source.page },
      force: options.force,
      modelsDir: folder,
    });
    return { ...imported, url: source.url, sha256, verified };
  } finally {
    await rm(file, { force: true });
  }
}

/** Compares the file's hash with as much of it as its publisher stated. */
function verify({ source }: Published, sha256: string): Pulled['verified'] {
  const stated = source.sha256 ?? source.sha256Prefix ?? '';
  if (!sha256.startsWith(stated)) {
    throw new LimpidError(
      'ERR_MODEL_CHECKSUM',
      `Expected a file of sha256 ${stated}${source.sha256 === undefined ? '…' : ''} at ${source.url} but received ${sha256}; it was deleted`,
    );
  }
  return source.sha256 !== undefined ? 'sha256' : source.sha256Prefix !== undefined ? 'sha256 prefix' : 'nothing';
}
