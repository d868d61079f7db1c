/**
 * How the demuxer of a file states times, told by the file's first bytes.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { LimpidError, messageOf } from '../errors/limpid-error.js';
import type { Timeline } from '../media/gdp-timeline.js';

/** EBML, which Matroska and WebM begin with. */
const EBML = 0x1a45_dfa3;

/** 'stamps' for Matroska and WebM, 'running' for everything else. Throws ERR_INPUT_FILE when the file can't be read. */
export function timelineOf(path: string): Timeline {
  const head = Buffer.alloc(4);
  try {
    const file = openSync(path, 'r');
    try {
      readSync(file, head, 0, head.length, 0);
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    throw new LimpidError(
      'ERR_INPUT_FILE',
      `Expected a video file at ${path} but it can't be read: ${messageOf(cause)}`,
      {
        cause,
      },
    );
  }
  return head.readUInt32BE(0) === EBML ? 'stamps' : 'running';
}
