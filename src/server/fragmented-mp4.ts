/**
 * Writes fragmented MP4 (ISO/IEC 14496-12) with one track: a segment that describes it, then fragments, which can be sent
 * at once.
 *
 *     initialisation segment                       fragment
 *     ftyp                                         moof
 *     moov                                           mfhd  sequence number
 *       mvhd                                         traf
 *       trak  tkhd                                     tfhd  track, duration and flags of its samples
 *         mdia  mdhd hdlr                              tfdt  decode time of the first
 *           minf  vmhd or smhd, dinf(dref)             trun  size of each, duration where they are several
 *             stbl  stsd(sample entry) + four empty  mdat  samples
 *       mvex  trex
 *
 * The movie states no duration, by which players know a live stream and hold nothing back. Times are in microseconds.
 */
import { ascii, BOX_HEADER_BYTES, box, fullBox, u16, u32, u64 } from './mp4-boxes.js';

/** Ticks a second of every time in these files. */
export const MP4_TIMESCALE = 1_000_000;

const TRACK_ID = 1;
/** Sample flags: depends on no other sample; or on others, and is no place to begin. */
const FLAGS_KEY = 0x02000000;
const FLAGS_DELTA = 0x01010000;
/** tfhd: offsets count from the moof; default duration and flags are given. */
const TFHD_FLAGS = 0x020000 | 0x000008 | 0x000020;
/** trun: the offset of the data and each sample's size are given; and each one's duration. */
const TRUN_FLAGS = 0x000001 | 0x000200;
const TRUN_DURATIONS = 0x000100;
/** mvhd and tkhd: no rotation, 16.16 and 2.30 fixed point. */
const UNITY_MATRIX = u32(0x00010000, 0, 0, 0, 0x00010000, 0, 0, 0, 0x40000000);

/** What the initialisation segment says of the track. */
export interface Mp4Track {
  /** Pictures of a size, or sound. */
  readonly picture?: { readonly width: number; readonly height: number };
  /** The box in stsd that says how samples are decoded. */
  readonly entry: Buffer;
}

/** A run of samples that follow each other. */
export interface Mp4Fragment {
  /** 1 for the first fragment, rising. */
  readonly sequence: number;
  /** Decode and presentation time of the first sample, µs; samples are never reordered. */
  readonly timeUs: bigint;
  /** Whether a player can begin here. */
  readonly key: boolean;
  readonly samples: readonly Mp4Sample[];
}

/** One picture, or one packet of sound. */
export interface Mp4Sample {
  readonly durationUs: number;
  readonly data: readonly Buffer[];
}

/** Writes `ftyp` and `moov`. */
export function movieSegment({ picture, entry }: Mp4Track): Buffer {
  const ftyp = box('ftyp', ascii('iso5'), u32(512), ascii('iso5iso6mp41avc1'));
  const mvhd = fullBox('mvhd', 0, 0, [
    u32(0, 0, MP4_TIMESCALE, 0), // created, modified, timescale, duration unknown
    u32(0x00010000), // rate 1
    u16(0x0100, 0), // volume 1
    u32(0, 0),
    UNITY_MATRIX,
    u32(0, 0, 0, 0, 0, 0),
    u32(TRACK_ID + 1), // next free track number
  ]);
  const tkhd = fullBox('tkhd', 0, 0x000003, [
    u32(0, 0, TRACK_ID, 0, 0), // created, modified, number, reserved, duration unknown
    u32(0, 0),
    u16(0, 0, picture === undefined ? 0x0100 : 0, 0), // layer, alternate group, volume, reserved
    UNITY_MATRIX,
    u32((picture?.width ?? 0) * 0x10000, (picture?.height ?? 0) * 0x10000),
  ]);
  const mdhd = fullBox('mdhd', 0, 0, [u32(0, 0, MP4_TIMESCALE, 0), u16(0x55c4, 0)]); // language "und"
  const handler = picture === undefined ? 'soun' : 'vide';
  const hdlr = fullBox('hdlr', 0, 0, [u32(0), ascii(handler), u32(0, 0, 0), ascii('Limpid\0')]);
  const stbl = box(
    'stbl',
    fullBox('stsd', 0, 0, [u32(1), entry]),
    // Where and when samples are is told by the fragments.
    fullBox('stts', 0, 0, [u32(0)]),
    fullBox('stsc', 0, 0, [u32(0)]),
    fullBox('stsz', 0, 0, [u32(0, 0)]),
    fullBox('stco', 0, 0, [u32(0)]),
  );
  const header = picture === undefined ? fullBox('smhd', 0, 0, [u16(0, 0)]) : fullBox('vmhd', 0, 1, [u16(0, 0, 0, 0)]);
  const minf = box(
    'minf',
    header,
    box('dinf', fullBox('dref', 0, 0, [u32(1), fullBox('url ', 0, 1, [])])), // the data is in this file
    stbl,
  );
  const trak = box('trak', tkhd, box('mdia', mdhd, hdlr, minf));
  const mvex = box('mvex', fullBox('trex', 0, 0, [u32(TRACK_ID, 1, 0, 0, 0)]));
  return Buffer.concat([ftyp, box('moov', mvhd, trak, mvex)]);
}

/** Writes `moof` and `mdat`. */
export function movieFragment({ sequence, timeUs, key, samples }: Mp4Fragment): Buffer {
  const bytesOf = ({ data }: Mp4Sample) => data.reduce((sum, part) => sum + part.length, 0);
  const several = samples.length > 1;
  const run = samples.flatMap((sample) => [...(several ? [sample.durationUs] : []), bytesOf(sample)]);
  const runFlags = TRUN_FLAGS | (several ? TRUN_DURATIONS : 0);
  const moof = (dataOffset: number) =>
    box(
      'moof',
      fullBox('mfhd', 0, 0, [u32(sequence)]),
      box(
        'traf',
        fullBox('tfhd', 0, TFHD_FLAGS, [u32(TRACK_ID, samples[0]?.durationUs ?? 0, key ? FLAGS_KEY : FLAGS_DELTA)]),
        fullBox('tfdt', 1, 0, [u64(timeUs)]),
        fullBox('trun', 0, runFlags, [u32(samples.length, dataOffset, ...run)]),
      ),
    );
  // The samples begin behind the header of mdat; how long moof is does not depend on the offset it states.
  const head = moof(moof(0).length + BOX_HEADER_BYTES);
  return Buffer.concat([head, box('mdat', ...samples.flatMap(({ data }) => data))]);
}
