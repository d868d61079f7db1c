/**
 * What every encoder of ours is told of its pictures.
 */
import type { RawVideo } from '../media/raw-video.js';

/** Length of an MP4 fragment, ms: what a killed process loses, besides what is on its way to the file. */
export const FRAGMENT_MS = 500;
/** Pictures of at least this height are HD: BT.709; smaller ones are BT.601, as every reader guesses. */
const HD_HEIGHT = 720;

/** Values for the holes `cropRight`, `cropBottom` and `colorimetry`. */
export function encoderFormat(video: RawVideo): { cropRight: number; cropBottom: number; colorimetry: string } {
  return {
    cropRight: video.width % 2,
    cropBottom: video.height % 2,
    colorimetry: video.height >= HD_HEIGHT ? 'bt709' : 'bt601',
  };
}
