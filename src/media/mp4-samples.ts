/**
 * Where the packets of an MP4's first audio track lie in the file, from its index (ISO/IEC 14496-12).
 *
 *     moov ─ trak ─ edts ─ elst   how media time maps to the file's time
 *                 └ mdia ─ mdhd   timescale      hdlr   'soun'
 *                        └ minf ─ stbl ─ stsz sizes · stts durations · stsc samples of a chunk · stco, co64 chunks' places
 *
 * GStreamer's demuxer reads the same tables but withholds packets around the ends of an edit list, and a track must go on
 * whole. Only the plain form is read: an index in one piece, one edit, samples with sizes of their own. Everything else is
 * left to GStreamer.
 */
import type { FileHandle } from 'node:fs/promises';
import { type Box, boxesIn, find, readMoov, within } from './mp4-boxes.js';

/** One packet's place and time. */
export interface Mp4Sample {
  readonly offset: number;
  readonly bytes: number;
  /** In the file's time, ns; negative before its beginning. */
  readonly ptsNs: bigint;
  readonly durationNs: bigint;
}

const NS_PER_SECOND = 1_000_000_000n;
/** What a decoder may need before the first sample that is heard, ns: of the codecs here Opus asks for most, 80 ms. */
const PRIMING_NS = 100_000_000n;

/** What an edit list says: how media time becomes the file's, and where the track ends in it. */
interface Edit {
  /** Added to media time, in units of the track. */
  readonly shift: bigint;
  /** In the file's time, ns; null where it ends with its samples. */
  readonly endNs: bigint | null;
}

/**
 * Samples of the first audio track in decoding order; null when the file is no MP4, has no audio, is fragmented, damaged,
 * or says its audio in another form than the plain one.
 */
export async function mp4AudioSamples(file: FileHandle): Promise<readonly Mp4Sample[] | null> {
  const moov = await readMoov(file);
  if (moov === null) {
    return null;
  }
  try {
    return samplesOf(moov.body);
  } catch (error) {
    // A table that ends before its entries do: Buffer says so.
    if (error instanceof RangeError) {
      return null;
    }
    throw error;
  }
}

/** Whether an MP4 has an audio track; null when the file is no MP4, or one whose index can't be read. */
export async function mp4HasAudio(file: FileHandle): Promise<boolean | null> {
  const boxes = boxesIn((await readMoov(file))?.body ?? Buffer.alloc(0));
  const tracks = boxes.filter(({ type }) => type === 'trak');
  return find(boxes, 'mvhd') === undefined || tracks.length === 0 ? null : tracks.some(({ body }) => isAudio(body));
}

function samplesOf(moov: Buffer): readonly Mp4Sample[] | null {
  const boxes = boxesIn(moov);
  const movie = find(boxes, 'mvhd');
  const track = boxes.filter(({ type }) => type === 'trak').find(({ body }) => isAudio(body))?.body;
  if (movie === undefined || track === undefined || find(boxes, 'mvex') !== undefined) {
    return null;
  }
  const media = within(track, 'mdia');
  const table = within(track, 'mdia', 'minf', 'stbl');
  const timescale = media === undefined ? 0 : timescaleOf(find(boxesIn(media), 'mdhd'));
  const edit = editOf(within(track, 'edts', 'elst'), timescaleOf(movie), timescale);
  if (table === undefined || timescale === 0 || edit === null) {
    return null;
  }
  const tables = boxesIn(table);
  const sizes = sizesOf(find(tables, 'stsz'));
  const places = placesOf(sizes, find(tables, 'stsc'), chunksOf(tables));
  return sizes === null || places === null ? null : timed(sizes, places, find(tables, 'stts'), timescale, edit);
}

/** Sizes of the samples; null where all have one: that is raw audio, a sample of which is no packet. */
function sizesOf(stsz: Buffer | undefined): Uint32Array | null {
  if (stsz === undefined || stsz.readUInt32BE(4) !== 0) {
    return null;
  }
  const sizes = tableOf(stsz, stsz.readUInt32BE(8), 12, 4);
  return Uint32Array.from({ length: sizes }, (_, i) => stsz.readUInt32BE(12 + i * 4));
}

function chunksOf(tables: readonly Box[]): readonly number[] {
  const small = find(tables, 'stco');
  const large = find(tables, 'co64');
  if (small !== undefined) {
    return Array.from({ length: tableOf(small, small.readUInt32BE(4), 8, 4) }, (_, i) => small.readUInt32BE(8 + i * 4));
  }
  if (large !== undefined) {
    const count = tableOf(large, large.readUInt32BE(4), 8, 8);
    return Array.from({ length: count }, (_, i) => Number(large.readBigUInt64BE(8 + i * 8)));
  }
  return [];
}

/** Offsets of the samples; null when the tables don't place exactly as many as there are. */
function placesOf(sizes: Uint32Array | null, stsc: Buffer | undefined, chunks: readonly number[]): number[] | null {
  if (sizes === null || stsc === undefined) {
    return null;
  }
  const runs = tableOf(stsc, stsc.readUInt32BE(4), 8, 12);
  const places: number[] = [];
  let run = 0;
  for (const [index, chunk] of chunks.entries()) {
    while (run + 1 < runs && stsc.readUInt32BE(8 + (run + 1) * 12) <= index + 1) {
      run += 1;
    }
    const inChunk = Math.min(stsc.readUInt32BE(8 + run * 12 + 4), sizes.length - places.length);
    for (let i = 0, at = chunk; i < inChunk; i += 1) {
      const bytes = sizes[places.length] ?? 0;
      places.push(at);
      at += bytes;
    }
  }
  return places.length === sizes.length ? places : null;
}

function timed(
  sizes: Uint32Array,
  places: readonly number[],
  stts: Buffer | undefined,
  timescale: number,
  { shift, endNs }: Edit,
): readonly Mp4Sample[] | null {
  if (stts === undefined) {
    return null;
  }
  const runs = tableOf(stts, stts.readUInt32BE(4), 8, 8);
  const nsOf = (units: bigint): bigint => (units * NS_PER_SECOND) / BigInt(timescale);
  const samples: Mp4Sample[] = [];
  let time = shift;
  for (let run = 0; run < runs; run += 1) {
    const count = stts.readUInt32BE(8 + run * 8);
    const step = BigInt(stts.readUInt32BE(12 + run * 8));
    for (let i = 0; i < count && samples.length < sizes.length; i += 1) {
      const at = samples.length;
      const ptsNs = nsOf(time);
      samples.push({ offset: places[at] ?? 0, bytes: sizes[at] ?? 0, ptsNs, durationNs: nsOf(time + step) - ptsNs });
      time += step;
    }
  }
  // What was cut off without being taken out is not part of the track; what a decoder needs before it is.
  const isHeard = ({ ptsNs }: Mp4Sample): boolean =>
    ptsNs >= -PRIMING_NS && (endNs === null || ptsNs < endNs + PRIMING_NS);
  return samples.length === sizes.length ? samples.filter(isHeard) : null;
}

/**
 * The shift: empty edits before, less the media time that the one edit begins with. null for more edits than that, and for
 * other speeds.
 */
function editOf(elst: Buffer | undefined, movieTimescale: number, timescale: number): Edit | null {
  if (elst === undefined || movieTimescale === 0) {
    return elst === undefined ? { shift: 0n, endNs: null } : null;
  }
  const wide = elst.readUInt8(0) === 1;
  const entryBytes = wide ? 20 : 12;
  const entries = tableOf(elst, elst.readUInt32BE(4), 8, entryBytes);
  let before = 0n;
  for (let i = 0; i < entries; i += 1) {
    const at = 8 + i * entryBytes;
    const duration = wide ? elst.readBigUInt64BE(at) : BigInt(elst.readUInt32BE(at));
    const mediaTime = wide ? elst.readBigInt64BE(at + 8) : BigInt(elst.readInt32BE(at + 4));
    const normalSpeed = elst.readUInt32BE(at + entryBytes - 4) === 0x0001_0000;
    if (mediaTime === -1n) {
      before += duration;
    } else {
      const shift = (before * BigInt(timescale)) / BigInt(movieTimescale) - mediaTime;
      const endNs = duration === 0n ? null : ((before + duration) * NS_PER_SECOND) / BigInt(movieTimescale);
      return normalSpeed && mediaTime >= 0n && i === entries - 1 ? { shift, endNs } : null;
    }
  }
  return null;
}

function timescaleOf(header: Buffer | undefined): number {
  return header === undefined ? 0 : header.readUInt32BE(header.readUInt8(0) === 1 ? 20 : 12);
}

function isAudio(track: Buffer): boolean {
  const handler = within(track, 'mdia', 'hdlr');
  return handler !== undefined && handler.toString('latin1', 8, 12) === 'soun';
}

/** The number of entries, once they are known to be there. Throws RangeError. */
function tableOf(table: Buffer, entries: number, from: number, entryBytes: number): number {
  if (from + entries * entryBytes > table.length) {
    throw new RangeError(`a table of ${table.length} bytes can't hold ${entries} entries`);
  }
  return entries;
}
