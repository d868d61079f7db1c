/**
 * The end of a zip archive: where its directory stands.
 *
 *     directory │ zip64 end record, 56 │ its locator, 20 │ end record, 22
 *               └──────── torch writes both, whatever the archive's size; both may be left out
 */
import { checkpointFault } from './fault.js';

/** Where the directory begins and ends, and its records. */
export interface ZipDirectory {
  readonly start: number;
  readonly end: number;
  readonly count: number;
}

const END = 0x06054b50;
const END_BYTES = 22;
const ZIP64_END = 0x06064b50;
const ZIP64_END_BYTES = 56;
/** What a zip64 record says of its own length: all that follows that field. */
const ZIP64_END_REST = 44n;
const LOCATOR = 0x07064b50;
const LOCATOR_BYTES = 20;
/** Made by miniz on Unix, to be read by version 4.5. */
const ZIP64_VERSIONS = 0x002d031e;

/** Reads the end of an archive without a comment. Throws ERR_CHECKPOINT; `where` names the file in the message. */
export function readZipEnd(data: DataView, where: string): ZipDirectory {
  const at = data.byteLength - END_BYTES;
  if (at < 0 || data.getUint32(at, true) !== END || data.getUint16(at + 20, true) !== 0) {
    throw checkpointFault('the directory at the end of a zip', 'none; the file is cut short', where);
  }
  const count = data.getUint16(at + 10, true);
  const size = data.getUint32(at + 12, true);
  const start = data.getUint32(at + 16, true);
  if (data.getUint32(at + 4, true) !== 0 || data.getUint16(at + 8, true) !== count) {
    throw checkpointFault('a zip of one part', 'a part of several', where);
  }
  const end = start + size;
  if (end === at) return { start, end, count };
  if (end !== at - LOCATOR_BYTES - ZIP64_END_BYTES) {
    throw checkpointFault(`a zip directory that ends before byte ${at}`, `one of byte ${start} to ${end}`, where);
  }
  const record = [0n, BigInt(count), BigInt(count), BigInt(size), BigInt(start)];
  const agrees =
    data.getUint32(end, true) === ZIP64_END &&
    data.getBigUint64(end + 4, true) === ZIP64_END_REST &&
    data.getUint32(end + 12, true) === ZIP64_VERSIONS &&
    record.every((value, i) => data.getBigUint64(end + 16 + 8 * i, true) === value) &&
    locates(data, at - LOCATOR_BYTES, end);
  if (!agrees) throw checkpointFault('a zip64 record that says what the end record does', 'another', where);
  return { start, end, count };
}

/** Whether the locator points at a record, on the one part that there is. */
function locates(data: DataView, at: number, record: number): boolean {
  return (
    data.getUint32(at, true) === LOCATOR &&
    data.getUint32(at + 4, true) === 0 &&
    data.getBigUint64(at + 8, true) === BigInt(record) &&
    data.getUint32(at + 16, true) === 1
  );
}
