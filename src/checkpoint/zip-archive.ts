/**
 * The entries of a zip archive as torch.save writes it: stored, one after the other, nothing between them.
 *
 *     ┌ header │ name │ padding │ data │ descriptor ┐ … │ directory: one record an entry │ zip64 end │ end
 *     └─────────────── an entry ────────────────────┘
 *
 * Entries are views of the file, so nothing is decompressed and nothing is allocated: an archive can't unpack into more
 * than it is. That is why no zip library is used here. Every byte of the file has one value that it may have, or stands
 * under a CRC: what other zip tools may write and torch doesn't (comments, dates of one header only, bytes between
 * entries) is refused, so that a file that was damaged anywhere is.
 */
import { crc32 } from 'node:zlib';
import { brief } from '../errors/brief.js';
import { checkpointFault } from './fault.js';
import { readZipEnd } from './zip-end.js';

/** An archive, all of whose bytes have been checked. */
export interface ZipArchive {
  /** Names of the files in it, in the directory's order, which is that of the file. */
  readonly names: readonly string[];
  /** The bytes of an entry, a view of the file; undefined where there is none. */
  read(name: string): Uint8Array | undefined;
  /** CRC-32 of an entry; undefined where there is none. */
  crc(name: string): number | undefined;
}

/** What the directory says of an entry. */
interface DirectoryRecord {
  /** Where the record stands. */
  readonly at: number;
  readonly name: string;
  readonly nameBytes: Uint8Array;
  readonly flags: number;
  readonly crc: number;
  readonly size: number;
  /** Where the entry begins. */
  readonly local: number;
}

interface Entry {
  readonly bytes: Uint8Array;
  readonly crc: number;
}

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const DESCRIPTOR = 0x08074b50;
const LOCAL_BYTES = 30;
const CENTRAL_BYTES = 46;
const DESCRIPTOR_BYTES = 16;
const STORED = 0;
/** Bit 3 of the flags: CRC and sizes follow the data. Bit 11: the name is UTF-8. */
const DESCRIBED = 1 << 3;
const UTF8 = 1 << 11;
/** Bit 0 of the flags. */
const ENCRYPTED = 1;
/** A field that says "see the zip64 record"; no file that is read here needs one. */
const ZIP64 = 0xffffffff;
/** The padding that aligns an entry's data: an extra field "FB" that is filled with Z. */
const PADDING = 0x4246;
const FILL = 0x5a;

/** Where a field of two bytes stands in an entry's header and in its record. */
const inBoth = { version: [4, 6], flags: [6, 8], method: [8, 10], time: [10, 12], date: [12, 14] } as const;
/** Fields of two bytes that stand in the record alone and that torch leaves empty. */
const empty = { 'made by': 4, 'extra length': 30, 'comment length': 32, disk: 34, attributes: 36 } as const;
const EXTERNAL_ATTRIBUTES = 38;

/** Whether a file begins as a zip archive does. */
export function isZip(file: Uint8Array): boolean {
  return file.length >= 4 && view(file).getUint32(0, true) === LOCAL;
}

/** Reads and checks an archive, every entry's CRC included. Throws ERR_CHECKPOINT; `where` names the file. */
export function openZip(file: Uint8Array, where: string): ZipArchive {
  const data = view(file);
  const entries = new Map<string, Entry>();
  const { start, end, count } = readZipEnd(data, where);
  let next = 0;
  for (const record of directory(file, start, end, count, where)) {
    if (entries.has(record.name)) throw checkpointFault('one entry of a name', `two of ${brief(record.name)}`, where);
    const bytes = entryBytes(file, record, next, start, where);
    entries.set(record.name, { bytes, crc: record.crc });
    next = bytes.byteOffset - file.byteOffset + bytes.length + (described(record) ? DESCRIPTOR_BYTES : 0);
  }
  if (next !== start) throw checkpointFault(`the zip directory at byte ${next}`, `byte ${start}`, where);
  return {
    names: [...entries.keys()],
    read: (name) => entries.get(name)?.bytes,
    crc: (name) => entries.get(name)?.crc,
  };
}

function* directory(
  file: Uint8Array,
  start: number,
  end: number,
  count: number,
  where: string,
): Generator<DirectoryRecord> {
  const data = view(file);
  let at = start;
  for (let i = 0; i < count; i++) {
    if (at + CENTRAL_BYTES > end || data.getUint32(at, true) !== CENTRAL) {
      throw checkpointFault(`a zip directory of ${count} entries`, `no record at byte ${at}`, where);
    }
    const nameLength = data.getUint16(at + 28, true);
    const next = at + CENTRAL_BYTES + nameLength;
    if (next > end) throw checkpointFault('a zip directory inside the file', `a record at byte ${at} beyond it`, where);
    yield directoryRecord(data, at, file.subarray(at + CENTRAL_BYTES, next), where);
    at = next;
  }
  if (at !== end) throw checkpointFault(`the end of the zip directory at byte ${at}`, `byte ${end}`, where);
}

function directoryRecord(data: DataView, at: number, nameBytes: Uint8Array, where: string): DirectoryRecord {
  const name = Buffer.from(nameBytes.buffer, nameBytes.byteOffset, nameBytes.length).toString('utf8');
  const flags = data.getUint16(at + 8, true);
  const method = data.getUint16(at + 10, true);
  const size = data.getUint32(at + 24, true);
  const local = data.getUint32(at + 42, true);
  if ((flags & ENCRYPTED) !== 0) throw checkpointFault('a zip without encryption', `${brief(name)} encrypted`, where);
  if (method !== STORED) {
    throw checkpointFault(
      'stored zip entries, as torch.save writes',
      `${brief(name)} compressed by method ${method}`,
      where,
    );
  }
  if (size === ZIP64 || local === ZIP64) throw checkpointFault('an archive below 4 GiB', 'a zip64 entry', where);
  if (data.getUint32(at + 20, true) !== size) {
    throw checkpointFault(`a stored size of ${size} for ${brief(name)}`, `${data.getUint32(at + 20, true)}`, where);
  }
  const filled = Object.entries(empty).find(([, offset]) => data.getUint16(at + offset, true) !== 0)?.[0];
  const other =
    (flags & ~(DESCRIBED | UTF8)) !== 0
      ? 'flags'
      : data.getUint32(at + EXTERNAL_ATTRIBUTES, true) !== 0
        ? 'attributes'
        : filled;
  if (other !== undefined) {
    const received = `another ${other} field; load and save it again with torch`;
    throw checkpointFault(`${brief(name)} described as torch.save does`, received, where);
  }
  return { at, name, nameBytes, flags, crc: data.getUint32(at + 16, true), size, local };
}

/** The bytes of the entry that begins at `begin`; it ends before the directory, which begins at `limit`. */
function entryBytes(
  file: Uint8Array,
  record: DirectoryRecord,
  begin: number,
  limit: number,
  where: string,
): Uint8Array {
  const data = view(file);
  const { local, size, crc } = record;
  const name = brief(record.name);
  if (local !== begin) throw checkpointFault(`the zip entry ${name} at byte ${begin}`, `byte ${local}`, where);
  if (local + LOCAL_BYTES > limit || data.getUint32(local, true) !== LOCAL) {
    throw checkpointFault(`the zip entry ${name} at byte ${local}`, 'something else', where);
  }
  const afterName = local + LOCAL_BYTES + data.getUint16(local + 26, true);
  const offset = afterName + data.getUint16(local + 28, true);
  const after = described(record) ? DESCRIPTOR_BYTES : 0;
  if (offset + size + after > limit) {
    throw checkpointFault(`${size} bytes of ${name}`, 'a file that ends before', where);
  }
  checkHeader(data, record, where);
  if (!Buffer.from(file.subarray(local + LOCAL_BYTES, afterName)).equals(record.nameBytes)) {
    throw checkpointFault(`the name ${name} at byte ${local + LOCAL_BYTES}`, 'another', where);
  }
  if (!isPadding(file.subarray(afterName, offset))) {
    throw checkpointFault(`padding before the data of ${name}`, 'something else', where);
  }
  const bytes = file.subarray(offset, offset + size);
  if (crc32(bytes) !== crc) throw checkpointFault(`${name} as its CRC says`, 'other bytes; the file is damaged', where);
  if (after > 0) {
    const descriptor = [0, 4, 8, 12].map((at) => data.getUint32(offset + size + at, true));
    if (![DESCRIPTOR, crc, size, size].every((value, i) => descriptor[i] === value)) {
      throw checkpointFault(`the CRC and size of ${name} behind its data`, 'others', where);
    }
  }
  return bytes;
}

/** Whether the header says what the record says; CRC and sizes may be left to the descriptor. */
function checkHeader(data: DataView, record: DirectoryRecord, where: string): void {
  for (const [field, [inHeader, inRecord]] of Object.entries(inBoth)) {
    const received = data.getUint16(record.local + inHeader, true);
    const expected = data.getUint16(record.at + inRecord, true);
    if (received !== expected) {
      throw checkpointFault(`${field} ${expected} of ${brief(record.name)} in its header`, `${received}`, where);
    }
  }
  const said = [14, 18, 22].map((at) => data.getUint32(record.local + at, true));
  const left = described(record) && said.every((value) => value === 0);
  if (!left && ![record.crc, record.size, record.size].every((value, i) => said[i] === value)) {
    throw checkpointFault(`the CRC and size of ${brief(record.name)} in its header`, 'others', where);
  }
}

function described({ flags }: DirectoryRecord): boolean {
  return (flags & DESCRIBED) !== 0;
}

/** Nothing, or one extra field of fill bytes. */
function isPadding(extra: Uint8Array): boolean {
  if (extra.length === 0) return true;
  if (extra.length < 4) return false;
  const data = view(extra);
  return (
    data.getUint16(0, true) === PADDING &&
    data.getUint16(2, true) === extra.length - 4 &&
    extra.subarray(4).every((byte) => byte === FILL)
  );
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
