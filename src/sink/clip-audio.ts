/**
 * Which audio goes into which container as it is, and what frames it.
 */
import { LimpidError } from '../errors/limpid-error.js';

/** Containers of a restored clip. */
export type ClipContainer = 'matroska' | 'mp4';

interface Codec {
  readonly name: string;
  /** How its caps begin and what they hold. */
  readonly caps: RegExp;
  /** The element that checks and, where containers differ, changes its framing. */
  readonly parser: string;
  readonly containers: readonly ClipContainer[];
}

const EVERY = ['matroska', 'mp4'] as const;
const MATROSKA = ['matroska'] as const;
const CODECS: readonly Codec[] = [
  { name: 'AAC', caps: /^audio\/mpeg,.*mpegversion=\(int\)[24]\b/, parser: 'aacparse', containers: EVERY },
  { name: 'MP3', caps: /^audio\/mpeg,.*layer=\(int\)3\b/, parser: 'identity', containers: EVERY },
  { name: 'MPEG audio', caps: /^audio\/mpeg,.*mpegversion=\(int\)1\b/, parser: 'identity', containers: MATROSKA },
  { name: 'Opus', caps: /^audio\/x-opus\b/, parser: 'identity', containers: EVERY },
  { name: 'AC-3', caps: /^audio\/x-ac3\b/, parser: 'identity', containers: EVERY },
  { name: 'ALAC', caps: /^audio\/x-alac\b/, parser: 'identity', containers: ['mp4'] },
  { name: 'E-AC-3', caps: /^audio\/x-eac3\b/, parser: 'identity', containers: MATROSKA },
  { name: 'Vorbis', caps: /^audio\/x-vorbis\b/, parser: 'identity', containers: MATROSKA },
  { name: 'FLAC', caps: /^audio\/x-flac\b/, parser: 'identity', containers: MATROSKA },
  { name: 'DTS', caps: /^audio\/x-dts\b/, parser: 'identity', containers: MATROSKA },
  { name: 'PCM', caps: /^audio\/x-raw\b/, parser: 'identity', containers: MATROSKA },
  { name: 'Speex', caps: /^audio\/x-speex\b/, parser: 'identity', containers: MATROSKA },
  { name: 'A-law', caps: /^audio\/x-alaw\b/, parser: 'identity', containers: MATROSKA },
  { name: 'µ-law', caps: /^audio\/x-mulaw\b/, parser: 'identity', containers: MATROSKA },
];
const EXTENSIONS = { matroska: '.mkv', mp4: '.mp4' } as const;

/** The parser that audio of these caps goes through. Throws ERR_SINK_OPEN when the container does not take the codec. */
export function audioParser(caps: string, container: ClipContainer): string {
  const codec = CODECS.find((known) => known.caps.test(caps));
  if (codec?.containers.includes(container) === true) {
    return codec.parser;
  }
  const name = codec?.name ?? caps.replace(/,.*$/s, '');
  const other = codec?.containers[0];
  const remedy = other === undefined ? 'use --no-audio' : `use ${EXTENSIONS[other]}, or --no-audio`;
  throw new LimpidError(
    'ERR_SINK_OPEN',
    `Limpid can't keep ${name} audio in ${EXTENSIONS[container]} as it is; ${remedy}`,
  );
}
