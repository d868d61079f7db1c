/**
 * What GStreamer's mp4mux (1.22) writes wrong about Opus, set right in the finished file.
 *
 *     stsd ─ Opus ─ dOps   u8 version  u8 channels  u16 pre-skip  u32 input rate  i16 gain  u8 mapping …
 *
 * It copies the three numbers from the Ogg header, which is little-endian, where MP4 is big-endian ("Encapsulation of Opus
 * in ISO Base Media File Format", 4.3.2): players would leave out 14 337 samples at the beginning for 312.
 */
import { open } from 'node:fs/promises';
import { boxesIn, find, readMoov, within } from './mp4-boxes.js';

/** Bytes of a sample description before its boxes: reserved, the data reference, and what every audio has. */
const AUDIO_ENTRY_BYTES = 28;
/** Bytes of a table of descriptions before the first: version, flags, count. */
const TABLE_HEAD_BYTES = 8;
const PRE_SKIP_AT = 2;
const RATE_AT = 4;
const GAIN_AT = 8;
const NUMBERS_END = 10;

/** Swaps the numbers of every Opus track whose rate makes sense only that way round; other files stay as they are. */
export async function mendOpusNumbers(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const moov = await readMoov(file);
    for (const dOps of moov === null ? [] : opusBoxes(moov.body)) {
      if (moov !== null && isSwapped(dOps)) {
        dOps.subarray(PRE_SKIP_AT, RATE_AT).swap16();
        dOps.subarray(RATE_AT, GAIN_AT).swap32();
        dOps.subarray(GAIN_AT, NUMBERS_END).swap16();
        const at = moov.offset + dOps.byteOffset - moov.body.byteOffset;
        await file.write(dOps, PRE_SKIP_AT, NUMBERS_END - PRE_SKIP_AT, at + PRE_SKIP_AT);
      }
    }
  } finally {
    await file.close();
  }
}

function opusBoxes(moov: Buffer): Buffer[] {
  const tracks = boxesIn(moov).filter(({ type }) => type === 'trak');
  const tables = tracks.flatMap(({ body }) => within(body, 'mdia', 'minf', 'stbl', 'stsd') ?? []);
  const entries = tables.flatMap((table) => boxesIn(table.subarray(TABLE_HEAD_BYTES)));
  const boxes = entries
    .filter(({ type }) => type === 'Opus')
    .flatMap(({ body }) => find(boxesIn(body.subarray(AUDIO_ENTRY_BYTES)), 'dOps') ?? []);
  return boxes.filter(({ length }) => length >= NUMBERS_END);
}

function isSwapped(dOps: Buffer): boolean {
  return !isRate(dOps.readUInt32BE(RATE_AT)) && isRate(dOps.readUInt32LE(RATE_AT));
}

function isRate(hertz: number): boolean {
  return hertz >= 8_000 && hertz <= 192_000;
}
