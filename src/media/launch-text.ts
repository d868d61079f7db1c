/**
 * Pipeline texts: read from `pipelines/`, their named holes filled so that no value can add an element or a property.
 *
 *     rtspsrc location={location:string} protocols={transport:word} latency={jitterMs:int} ! decodebin ! …
 *
 * A hole states its kind. Lines that begin with `#` are comments. A file is one pipeline.
 */
import { readFileSync } from 'node:fs';
import { LimpidError } from '../errors/limpid-error.js';
import { packageFile } from './package-file.js';

/** What goes into the holes of a pipeline text, by name. */
export type HoleValues = Readonly<Record<string, string | number>>;

const HOLE = /\{([A-Za-z][A-Za-z0-9]*):(string|word|int)\}/g;
const WORD = /^[A-Za-z0-9][A-Za-z0-9+_-]*$/;
/** GStreamer's own `gst_string_wrap` leaves these bytes as they are. */
const PLAIN_BYTE = /^[A-Za-z0-9_./:-]$/;

/** Texts that were read, by name: a source that is opened again needs no descriptor for them. */
const read = new Map<string, string>();

/** Reads `pipelines/<name>.launch` of this package, once. Throws ERR_MEDIA_PROCESS when the installation lacks it. */
export function readLaunchText(name: string): string {
  const path = packageFile(`pipelines/${name}.launch`);
  try {
    const text = read.get(name) ?? readFileSync(path, 'utf8');
    read.set(name, text);
    return text;
  } catch (cause) {
    throw new LimpidError('ERR_MEDIA_PROCESS', `Expected a pipeline text at ${path}; reinstall limpid`, { cause });
  }
}

/**
 * Fills the holes of a pipeline text and puts it on one line.
 *
 * Throws ERR_CONFIG for a value of the wrong kind (the value itself stays out of the sentence: it may be a password) and
 * ERR_MEDIA_PROCESS when holes and values don't match.
 *
 * @example fillLaunchText('filesrc location={path:string} ! fakesink', { path: '/my clips/a.mp4' })
 */
export function fillLaunchText(text: string, values: HoleValues): string {
  const unused = new Set(Object.keys(values));
  const line = text
    .split('\n')
    .filter((row) => !row.trimStart().startsWith('#'))
    .map((row) => row.trim())
    .join(' ')
    .trim();
  const filled = line.replace(HOLE, (_hole, name: string, kind: string) => {
    const value = values[name];
    if (value === undefined) {
      throw new LimpidError('ERR_MEDIA_PROCESS', `Expected a value for the hole "${name}" of a pipeline text`);
    }
    unused.delete(name);
    switch (kind) {
      case 'string':
        return quoted(name, String(value));
      case 'word':
        return word(name, String(value));
      default:
        return integer(name, value);
    }
  });
  if (unused.size > 0) {
    throw new LimpidError('ERR_MEDIA_PROCESS', `A pipeline text has no hole "${[...unused].join('", "')}"`);
  }
  return filled;
}

/**
 * A string property: GStreamer's wrapped form `"…"` with every unsafe byte in octal, each of its own quotes and
 * backslashes escaped once more for the launch syntax. Plain backslash escapes would not do: the parser's `\\` before a
 * space swallows the space, and a value that begins with a quote would be unwrapped.
 */
function quoted(name: string, value: string): string {
  for (const character of value) {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20 || code === 0x7f || (code >= 0xd800 && code <= 0xdfff)) {
      throw new LimpidError(
        'ERR_CONFIG',
        `Expected text without control characters for ${name} but received U+${code.toString(16).toUpperCase().padStart(4, '0')}`,
      );
    }
  }
  let wrapped = '';
  for (const byte of Buffer.from(value, 'utf8')) {
    const character = String.fromCharCode(byte);
    wrapped += PLAIN_BYTE.test(character) ? character : `\\\\${byte.toString(8).padStart(3, '0')}`;
  }
  return `\\"${wrapped}\\"`;
}

function word(name: string, value: string): string {
  if (!WORD.test(value)) {
    throw new LimpidError('ERR_CONFIG', `Expected a word of letters, digits, "+", "-" and "_" for ${name}`);
  }
  return value;
}

function integer(name: string, value: string | number): string {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
    throw new LimpidError('ERR_CONFIG', `Expected an integer for ${name}`);
  }
  return String(value);
}
