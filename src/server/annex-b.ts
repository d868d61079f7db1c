/**
 * H.264 as encoders write it, Annex B, taken apart: the NAL units of an access unit, without their start codes.
 */

const START_CODE = Buffer.from([0, 0, 1]);

const NAL_IDR_SLICE = 5;
const NAL_SPS = 7;
const NAL_PPS = 8;
const NAL_DELIMITER = 9;

/** An access unit as MP4 wants it: pictures here, what a decoder needs before them there. */
export interface AccessUnit {
  /** Starts a sequence: it can be decoded without an earlier one. */
  readonly key: boolean;
  /** Sequence and picture parameter sets, in their order; views into the access unit. */
  readonly sps: readonly Buffer[];
  readonly pps: readonly Buffer[];
  /** Everything else but delimiters. */
  readonly units: readonly Buffer[];
}

/** Takes an access unit apart; nothing is copied. */
export function readAccessUnit(bytes: Buffer): AccessUnit {
  const sps: Buffer[] = [];
  const pps: Buffer[] = [];
  const units: Buffer[] = [];
  let key = false;
  for (const unit of nalUnits(bytes)) {
    const type = (unit[0] ?? 0) & 0x1f;
    switch (type) {
      case NAL_SPS:
        sps.push(unit);
        break;
      case NAL_PPS:
        pps.push(unit);
        break;
      case NAL_DELIMITER:
        break;
      default:
        key ||= type === NAL_IDR_SLICE;
        units.push(unit);
    }
  }
  return { key, sps, pps, units };
}

/** The NAL units between start codes. A unit never ends with a zero: those belong to the next, longer start code. */
function* nalUnits(bytes: Buffer): Generator<Buffer> {
  let codeAt = bytes.indexOf(START_CODE);
  while (codeAt >= 0) {
    const begin = codeAt + START_CODE.length;
    const nextAt = bytes.indexOf(START_CODE, begin);
    let end = nextAt < 0 ? bytes.length : nextAt;
    while (end > begin && bytes[end - 1] === 0) {
      end -= 1;
    }
    if (end > begin) {
      yield bytes.subarray(begin, end);
    }
    codeAt = nextAt;
  }
}
