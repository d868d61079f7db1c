/**
 * Writes fragmented MP4 (ISO/IEC 14496-12 and -15) with one H.264 track: a segment that describes the track, then a
 * fragment for each picture, which can be sent at once.
 *
 *     initialisation segment                       fragment of one picture
 *     ftyp                                         moof
 *     moov                                           mfhd  sequence number
 *       mvhd                                         traf
 *       trak  tkhd                                     tfhd  track, duration, flags
 *         mdia  mdhd hdlr                              tfdt  decode time
 *           minf  vmhd dinf(dref)                      trun  one sample, its size
 *             stbl  stsd(avc1(avcC)) + four empty    mdat
 *       mvex  trex                                     u32 length, NAL unit, u32 length, NAL unit …
 *
 * The movie states no duration, by which players know a live stream and hold nothing back. Times are in microseconds.
 */

/** Ticks a second of every time in these files. */
export const MP4_TIMESCALE = 1_000_000;

const TRACK_ID = 1;
/** Sample flags: depends on no other sample; or on others, and is no place to begin. */
const FLAGS_KEY = 0x02000000;
const FLAGS_DELTA = 0x01010000;
/** tfhd: offsets count from the moof; default duration and flags are given. */
const TFHD_FLAGS = 0x020000 | 0x000008 | 0x000020;
/** trun: the offset of the data and each sample's size are given. */
const TRUN_FLAGS = 0x000001 | 0x000200;
/** mvhd and tkhd: no rotation, 16.16 and 2.30 fixed point. */
const UNITY_MATRIX = u32(0x00010000, 0, 0, 0, 0x00010000, 0, 0, 0, 0x40000000);

/** What the initialisation segment says of the pictures. */
export interface Mp4Track {
  readonly width: number;
  readonly height: number;
  /** Parameter sets without start codes; at least one of each. */
  readonly sps: readonly Buffer[];
  readonly pps: readonly Buffer[];
}

/** One picture. */
export interface Mp4Sample {
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
export function initialisationSegment({ width, height, sps, pps }: Mp4Track): Buffer {
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
    u16(0, 0, 0, 0), // layer, alternate group, volume, reserved
    UNITY_MATRIX,
    u32(width * 0x10000, height * 0x10000),
  ]);
  const mdhd = fullBox('mdhd', 0, 0, [u32(0, 0, MP4_TIMESCALE, 0), u16(0x55c4, 0)]); // language "und"
  const hdlr = fullBox('hdlr', 0, 0, [u32(0), ascii('vide'), u32(0, 0, 0), ascii('Limpid\0')]);
  const stbl = box(
    'stbl',
    fullBox('stsd', 0, 0, [u32(1), avc1(width, height, sps, pps)]),
    // Where and when samples are is told by the fragments.
    fullBox('stts', 0, 0, [u32(0)]),
    fullBox('stsc', 0, 0, [u32(0)]),
    fullBox('stsz', 0, 0, [u32(0, 0)]),
    fullBox('stco', 0, 0, [u32(0)]),
  );
  const minf = box(
    'minf',
    fullBox('vmhd', 0, 1, [u16(0, 0, 0, 0)]),
    box('dinf', fullBox('dref', 0, 0, [u32(1), fullBox('url ', 0, 1, [])])), // the data is in this file
    stbl,
  );
  const trak = box('trak', tkhd, box('mdia', mdhd, hdlr, minf));
  const mvex = box('mvex', fullBox('trex', 0, 0, [u32(TRACK_ID, 1, 0, 0, 0)]));
  return Buffer.concat([ftyp, box('moov', mvhd, trak, mvex)]);
}

/** Writes `moof` and `mdat` of one picture. */
export function mediaFragment({ sequence, timeUs, durationUs, key, units }: Mp4Sample): Buffer {
  const data = units.flatMap((unit) => [u32(unit.length), unit]);
  const bytes = units.reduce((sum, unit) => sum + 4 + unit.length, 0);
  const moof = (dataOffset: number) =>
    box(
      'moof',
      fullBox('mfhd', 0, 0, [u32(sequence)]),
      box(
        'traf',
        fullBox('tfhd', 0, TFHD_FLAGS, [u32(TRACK_ID, durationUs, key ? FLAGS_KEY : FLAGS_DELTA)]),
        fullBox('tfdt', 1, 0, [u64(timeUs)]),
        fullBox('trun', 0, TRUN_FLAGS, [u32(1, dataOffset, bytes)]),
      ),
    );
  // The sample begins behind the header of mdat; how long moof is does not depend on the offset it states.
  const head = moof(moof(0).length + BOX_HEADER_BYTES);
  return Buffer.concat([head, u32(BOX_HEADER_BYTES + bytes), ascii('mdat'), ...data]);
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

const BOX_HEADER_BYTES = 8;

function box(type: string, ...parts: readonly Buffer[]): Buffer {
  const bytes = parts.reduce((sum, part) => sum + part.length, BOX_HEADER_BYTES);
  return Buffer.concat([u32(bytes), ascii(type), ...parts]);
}

function fullBox(type: string, version: number, flags: number, parts: readonly Buffer[]): Buffer {
  return box(type, u32(version * 0x1000000 + flags), ...parts);
}

function ascii(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

function u16(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  values.forEach((value, index) => {
    bytes.writeUInt16BE(value, index * 2);
  });
  return bytes;
}

function u32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => {
    bytes.writeUInt32BE(value, index * 4);
  });
  return bytes;
}

function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}
