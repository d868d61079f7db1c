/**
 * What a person should know about the pictures of a source: what becomes of those that are more than 8 bits of standard range.
 */
import type { GdpPicture } from '../media/gdp-reader.js';

/** Profiles with deep samples: "H.265 (Main 10 Profile)", "H.264 (High 10 Profile)". */
const DEEP_CODEC = /\((?:Main|High)[^)]* 1[0246]\b/;

/** Says it of the source called `label`, where there is something to say. */
export function remarkOn(
  { highDynamicRange, codec }: GdpPicture,
  label: string,
  warn: (sentence: string) => void,
): void {
  if (highDynamicRange !== undefined) {
    warn(
      `${label} is HDR (${highDynamicRange}): it is converted to 8 bits without tone mapping and looks pale; ` +
        'choose a profile of standard dynamic range on the camera if it has one',
    );
  } else if (DEEP_CODEC.test(codec)) {
    warn(`${label} has more than 8 bits a sample (${codec}): it is converted to 8 bits`);
  }
}
