/**
 * The viewer's built files, read once at start. A request is looked up by its exact path among them, so there is no path
 * to climb out of.
 */
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { codeOf } from '../errors/limpid-error.js';

/** One file as it is served. */
export interface ViewerFile {
  readonly contentType: string;
  readonly cacheControl: string;
  readonly bytes: Buffer;
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.webmanifest': 'application/manifest+json',
};

/** Where the build puts the viewer, seen from the compiled server. */
export const VIEWER_DIRECTORY = fileURLToPath(new URL('../viewer', import.meta.url));

/** Reads all servable files below a folder, keyed by URL path; '/' is index.html. Empty when nothing was built. */
export async function readViewerFiles(directory: string = VIEWER_DIRECTORY): Promise<ReadonlyMap<string, ViewerFile>> {
  const files = new Map<string, ViewerFile>();
  for (const path of await listFiles(directory)) {
    const contentType = CONTENT_TYPES[extname(path)];
    if (contentType === undefined) {
      continue;
    }
    const urlPath = `/${relative(directory, path).split(sep).join('/')}`;
    const file: ViewerFile = {
      contentType,
      // Vite writes a hash of the content into the names below assets/.
      cacheControl: urlPath.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
      bytes: await readFile(path),
    };
    files.set(urlPath === '/index.html' ? '/' : urlPath, file);
  }
  return files;
}

async function listFiles(directory: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') {
      return [];
    }
    throw error;
  }
}
