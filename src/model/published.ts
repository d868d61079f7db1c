/**
 * Checkpoints that others publish, by name: `models/published/NAME.json` of the package says where each is.
 */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { packageFile } from '../media/package-file.js';
import { modelNamePattern, type Published, parsePublished } from './manifest.js';

/** Where their manifests are looked for. */
export interface PublishedOptions {
  /** Default: `models/published` of the package. */
  readonly publishedDir?: string | undefined;
}

/** Their names, in order. */
export async function publishedNames(options: PublishedOptions = {}): Promise<readonly string[]> {
  const files = await readdir(folderOf(options)).catch(() => []);
  const names = files.filter((file) => file.endsWith('.json')).map((file) => file.slice(0, -'.json'.length));
  return names.filter((name) => modelNamePattern.test(name)).sort();
}

/** The manifest of a name; undefined where there is none. Throws ERR_MODEL_MANIFEST. */
export async function findPublished(name: string, options: PublishedOptions = {}): Promise<Published | undefined> {
  if (!(await publishedNames(options)).includes(name)) return undefined;
  const file = path.join(folderOf(options), `${name}.json`);
  return parsePublished(await readFile(file, 'utf8'), file);
}

function folderOf({ publishedDir }: PublishedOptions): string {
  return publishedDir ?? packageFile('models/published');
}
