/**
 * `file:` and plain paths: as fast as the reader takes it or at its own pace, once or for ever.
 */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LimpidError, messageOf } from '../errors/limpid-error.js';
import { fillLaunchText, readLaunchText } from '../media/launch-text.js';
import { timelineOf } from './file-timeline.js';
import { decoded } from './network-uri.js';
import { type Opening, plannedSource, uriError } from './planned-source.js';
import type { Source } from './source.js';

/** Opens `file:///absolute/path` or `file:relative/path`, percent-encoded. Throws ERR_SOURCE_URI, ERR_INPUT_FILE. */
export function openFileUri(uri: string, opening: Opening): Source {
  return openFile(pathOf(uri), opening);
}

/** Opens a path as it stands. Throws ERR_INPUT_FILE when no file is there. */
export function openFile(path: string, opening: Opening): Source {
  const { live, loop } = opening.options;
  const absolute = resolve(path);
  requireFile(absolute, path);
  const head = fillLaunchText(readLaunchText(live ? 'source-file-live' : 'source-file'), { path: absolute });
  const timeline = timelineOf(absolute);
  const plan = { label: path, live, head: () => head, loop, endless: false, timeline, audioFile: absolute };
  return plannedSource(plan, opening);
}

function requireFile(absolute: string, path: string): void {
  let found = 'nothing is there';
  try {
    const stat = statSync(absolute, { throwIfNoEntry: false });
    if (stat?.isFile() === true) {
      return;
    }
    found = stat === undefined ? found : 'that is not a file';
  } catch (cause) {
    found = messageOf(cause);
  }
  throw new LimpidError('ERR_INPUT_FILE', `Expected a video file at ${path} but ${found}; check the path`);
}

function pathOf(uri: string): string {
  const rest = uri.slice('file:'.length);
  if (rest !== '' && !rest.startsWith('/')) {
    // A URL would make an absolute path of it.
    return decoded(rest);
  }
  try {
    return fileURLToPath(uri);
  } catch {
    throw uriError('Expected file:///path of a video', uri);
  }
}
