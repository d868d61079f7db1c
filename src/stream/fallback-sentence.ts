/**
 * Why a frame is shown upscaled, in words.
 */
import type { FallbackReason } from '../frame/frame.js';

/** The rest of a sentence; the overload ladder tells its own moves. */
export function fallbackSentence(reason: Exclude<FallbackReason, 'overload'>): string {
  switch (reason) {
    case 'offsets-not-finite':
      return 'the network’s offsets are not finite';
    case 'offsets-absurd':
      return 'the network’s offsets are farther than any motion';
    case 'engine-opening':
      return 'the engine is being opened';
    case 'engine-lost':
      return 'the engine worker died and is being replaced';
    case 'engine-error':
      return 'the engine failed on it twice';
  }
}
