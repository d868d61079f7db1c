/**
 * H.264 in fragmented MP4 (ISO/IEC 14496-15): a fragment for each picture.
 */
import { movieFragment, movieSegment } from './fragmented-mp4.js';
import { box, u16, u32 } from './mp4-boxes.js';

/** What the initialisation segment says of the pictures. */
export interface H264Track {
  readonly width: number;
  readonly height: number;
  /** Parameter sets without start codes; at least one of each. */
  readonly sps: readonly Buffer[];
  readonly pps: readonly Buffer[];
}

/** One picture. */
export interface H264Picture {
  /** 1 for the first fragment, rising. */
  readonly sequence: number;
  /** Decode and presentation time, µs; there are no B-frames. */
  readonly timeUs: bigint;
  readonly durationUs: number;
  readonly key: boolean;
  /** NAL units without start codes, in order. */
  readonly units: readonly Buffer[];
}

/** Writes `ftyp` and `moov`. */
export function h264Segment({ width, height, sps, pps }: H264Track): Buffer {
  return movieSegment({ picture: { width, height }, entry: avc1(width, height, sps, pps) });
}

/** Writes `moof` and `mdat` of one picture. */
export function h264Fragment({ sequence, timeUs, durationUs, key, units }: H264Picture): Buffer {
  const data = units.flatMap((unit) => [u32(unit.length), unit]);
  return movieFragment({ sequence, timeUs, key, samples: [{ durationUs, data }] });
}

/** Pictures of H.264 whose NAL units have four bytes of length before them. */
function avc1(width: number, height: number, sps: readonly Buffer[], pps: readonly Buffer[]): Buffer {
  const sets = (units: readonly Buffer[]) => units.flatMap((unit) => [u16(unit.length), unit]);
  const [first] = sps;
  const avcC = box(
    'avcC',
    // Version, then profile, constraints and level as the sequence parameter set says them, lengths of 3 + 1 bytes.
    Buffer.from([1, first?.[1] ?? 0, first?.[2] ?? 0, first?.[3] ?? 0, 0xfc | 3]),
    Buffer.from([0xe0 | sps.length]),
    ...sets(sps),
    Buffer.from([pps.length]),
    ...sets(pps),
  );
  return box(
    'avc1',
    u16(0, 0, 0, 1), // reserved, then the data reference
    u32(0, 0, 0, 0),
    u16(width, height),
    u32(0x00480000, 0x00480000, 0), // 72 dpi
    u16(1), // one picture a sample
    Buffer.alloc(32), // the compressor's name
    u16(24, 0xffff), // depth, no colour table
    avcC,
  );
}
