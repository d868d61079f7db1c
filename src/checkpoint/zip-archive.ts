/**
 * The entries of a zip archive as torch.save writes it: stored, never compressed.
 *
 *     local header │ name │ padding │ data │ … │ central directory: one record an entry │ end record
 *
 * Entries are views of the file, so nothing is decompressed and nothing is allocated: an archive can't unpack into more
 * than it is. That is why no zip library is used here; compressed entries are refused.
 */
import { crc32 } from 'node:zlib';
import { brief } from '../errors/brief.js';
import { checkpointFault } from './fault.js';

/** One entry's place in the file. */
interface Entry {
  readonly offset: number;
  readonly size: number;
  readonly crc: number;
}

/** An archive whose directory has been read. */
export interface ZipArchive {
  /** Names of the files in it, in the directory's order. */
  readonly names: readonly string[];
  /** The bytes of an entry, a view of the file; undefined where there is none. Throws ERR_CHECKPOINT at a wrong CRC. */
  read(name: string): Uint8Array | undefined;
}

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const LOCAL_BYTES = 30;
const CENTRAL_BYTES = 46;
const END_BYTES = 22;
/** A comment may follow the end record. */
const LONGEST_COMMENT = 0xffff;
const STORED = 0;
/** Bit 0 of the flags: the entry is encrypted. */
const ENCRYPTED = 1;
/** A field that says "see the zip64 record"; no file that is read here needs one. */
const ZIP64 = 0xffffffff;

/** Whether a file begins as a zip archive does. */
export function isZip(file: Uint8Array): boolean {
  return file.length >= 4 && view(file).getUint32(0, true) === LOCAL;
}

/** Reads the directory. Throws ERR_CHECKPOINT; `where` names the file in the message. */
export function openZip(file: Uint8Array, where: string): ZipArchive {
  const entries = readDirectory(file, where);
  const verified = new Set<string>();
  return {
    names: [...entries.keys()],
    read(name) {
      const entry = entries.get(name);
      if (entry === undefined) return undefined;
      const bytes = file.subarray(entry.offset, entry.offset + entry.size);
      if (!verified.has(name) && crc32(bytes) !== entry.crc) {
        throw checkpointFault(`${brief(name)} as its CRC says`, 'other bytes; the file is damaged', where);
      }
      verified.add(name);
      return bytes;
    },
  };
}

function readDirectory(file: Uint8Array, where: string): ReadonlyMap<string, Entry> {
  const data = view(file);
  const end = endRecord(data, where);
  const count = data.getUint16(end + 10, true);
  const start = data.getUint32(end + 16, true);
  const entries = new Map<string, Entry>();
  let at = start;
  let total = 0;
  for (let i = 0; i < count; i++) {
    if (at + CENTRAL_BYTES > end || data.getUint32(at, true) !== CENTRAL) {
      throw checkpointFault(`a zip directory of ${count} entries`, `no record at byte ${at}`, where);
    }
    const nameLength = data.getUint16(at + 28, true);
    const next = at + CENTRAL_BYTES + nameLength + data.getUint16(at + 30, true) + data.getUint16(at + 32, true);
    if (next > end) throw checkpointFault('a zip directory inside the file', `a record at byte ${at} beyond it`, where);
    const nameBytes = file.subarray(at + CENTRAL_BYTES, at + CENTRAL_BYTES + nameLength);
    const name = Buffer.from(nameBytes.buffer, nameBytes.byteOffset, nameLength).toString('utf8');
    if (entries.has(name)) throw checkpointFault('one entry of a name', `two of ${brief(name)}`, where);
    const entry = readEntry(data, at, name, where);
    total += entry.size;
    // Entries that share bytes would make checking them cost more than the file's size.
    if (total > file.length) throw checkpointFault('entries that fit into the file', 'larger ones', where);
    entries.set(name, entry);
    at = next;
  }
  return entries;
}

function readEntry(data: DataView, at: number, name: string, where: string): Entry {
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
  if (local + LOCAL_BYTES > data.byteLength || data.getUint32(local, true) !== LOCAL) {
    throw checkpointFault(`the zip entry ${brief(name)} at byte ${local}`, 'something else', where);
  }
  // The local header may leave out sizes (they follow the data), but its name and padding say where the data begins.
  const offset = local + LOCAL_BYTES + data.getUint16(local + 26, true) + data.getUint16(local + 28, true);
  if (offset + size > data.byteLength) {
    throw checkpointFault(`${size} bytes of ${brief(name)}`, `a file that ends before`, where);
  }
  return { offset, size, crc: data.getUint32(at + 16, true) };
}

/** Where the end record stands: at the file's end but for a comment. */
function endRecord(data: DataView, where: string): number {
  const first = Math.max(0, data.byteLength - END_BYTES - LONGEST_COMMENT);
  for (let at = data.byteLength - END_BYTES; at >= first; at--) {
    if (data.getUint32(at, true) === END && at + END_BYTES + data.getUint16(at + 20, true) === data.byteLength) {
      return at;
    }
  }
  throw checkpointFault('the directory at the end of a zip', 'none; the file is cut short', where);
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
