/**
 * Presentation times of the pictures of a session: those of the source, and for pictures without one the time that follows.
 */
import type { GdpPicture } from '../media/gdp-reader.js';

/** Frame duration assumed for a picture without time stamp in a stream without frame rate, ns. */
const FALLBACK_DURATION_NS = 40_000_000n;
const NS_PER_SECOND = 1_000_000_000;

/** Presentation times, in order; a picture without one follows its predecessor by a frame's duration. */
export class PictureTimes {
  #nextNs = 0n;

  of(picture: GdpPicture): bigint {
    const ptsNs = picture.ptsNs ?? this.#nextNs;
    this.#nextNs = ptsNs + (picture.durationNs ?? rateDurationNs(picture.framesPerSecond));
    return ptsNs;
  }
}

function rateDurationNs(framesPerSecond: number | null): bigint {
  return framesPerSecond === null ? FALLBACK_DURATION_NS : BigInt(Math.round(NS_PER_SECOND / framesPerSecond));
}
