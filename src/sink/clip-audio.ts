/**
 * The audio of a restored clip: into the container as it is, or a sentence that says why not.
 */
import { LimpidError } from '../errors/limpid-error.js';
import { audioCodecName } from '../media/audio-codec.js';
import { isCarried } from './audio-carriage.js';

/** Containers of a restored clip. */
export type ClipContainer = 'matroska' | 'mp4';

const EXTENSIONS = { matroska: '.mkv', mp4: '.mp4' } as const;
const OTHER = { matroska: 'mp4', mp4: 'matroska' } as const;

/** Throws ERR_SINK_OPEN when the container does not take audio of these caps. */
export function requireCarried(caps: string, container: ClipContainer): void {
  if (isCarried(caps, container)) {
    return;
  }
  const other = OTHER[container];
  const remedy = isCarried(caps, other) ? `use ${EXTENSIONS[other]}, or --no-audio` : 'use --no-audio';
  throw new LimpidError(
    'ERR_SINK_OPEN',
    `Limpid can't keep ${audioCodecName(caps)} audio in ${EXTENSIONS[container]} as it is; ${remedy}`,
  );
}
