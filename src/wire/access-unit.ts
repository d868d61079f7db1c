/**
 * The little that has to be known about an H.264 access unit to carry and decode it: is it a key frame, and what decoder
 * does it want. Annex B: NAL units, each after a start code 00 00 01.
 *
 *     00 00 00 01 09 …   00 00 01 67 42 C0 1F …   00 00 01 68 …   00 00 01 65 …
 *     delimiter          SPS: profile, constraints, level   PPS   IDR slice
 */

const NAL_IDR_SLICE = 5;
const NAL_SPS = 7;

/** Offsets of the first byte of each NAL unit; the search ends with the first slice, behind which nothing is of interest. */
function* nalUnits(bytes: Uint8Array): Generator<number> {
  for (let at = 0; at + 3 < bytes.length; at += 1) {
    if (bytes[at] === 0 && bytes[at + 1] === 0 && bytes[at + 2] === 1) {
      yield at + 3;
      const type = nalType(bytes, at + 3);
      if (type >= 1 && type <= NAL_IDR_SLICE) {
        return;
      }
    }
  }
}

function nalType(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) & 0x1f;
}

/** Whether an access unit starts a sequence: it can be decoded without an earlier one. */
export function isKeyAccessUnit(bytes: Uint8Array): boolean {
  for (const at of nalUnits(bytes)) {
    if (nalType(bytes, at) === NAL_IDR_SLICE) {
      return true;
    }
  }
  return false;
}

/**
 * The codec of a key frame as RFC 6381 writes it, from the sequence parameter set; undefined where there is none.
 *
 * @example 'avc1.42C01F': constrained baseline, level 3.1
 */
export function codecOf(bytes: Uint8Array): string | undefined {
  for (const at of nalUnits(bytes)) {
    if (nalType(bytes, at) === NAL_SPS && at + 3 < bytes.length) {
      const hex = (byte: number | undefined) => (byte ?? 0).toString(16).toUpperCase().padStart(2, '0');
      return `avc1.${hex(bytes[at + 1])}${hex(bytes[at + 2])}${hex(bytes[at + 3])}`;
    }
  }
  return undefined;
}
