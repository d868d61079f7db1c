/**
 * Files that torch.save wrote, in both its formats.
 *
 *     zip (1.6 and later)   NAME/data.pkl │ NAME/byteorder │ NAME/data/KEY: one entry a storage │ NAME/version
 *     legacy                magic number │ protocol │ machine │ object │ keys: five pickles
 *                           then for each key: u64 count, elements
 *
 * Nothing is allocated on the file's word: storages are views of the file, and their sizes must fit it.
 */

import { brief } from '../errors/brief.js';
import type { FloatTensor } from '../onnx/tensor.js';
import { ByteReader } from './byte-reader.js';
import { checkpointFault } from './fault.js';
import { unpickle } from './pickle.js';
import type { PickleHost, PickleValue } from './pickle-value.js';
import { readTensor } from './read-tensor.js';
import { checkSerializationId } from './serialization-id.js';
import { dtypeBytes, type Storage, type StoredTensor, torchHost } from './torch-objects.js';
import { isZip, openZip, type ZipArchive } from './zip-archive.js';

/** A checkpoint whose pickle has been read; its tensors are read one by one. */
export interface TorchFile {
  readonly format: 'torch-zip' | 'torch-legacy';
  /** The saved object. */
  readonly root: PickleValue;
  /** A tensor of the object, widened to float32. Throws ERR_CHECKPOINT for element types that weights don't have. */
  read(tensor: StoredTensor): FloatTensor;
}

/** What a legacy file begins with, as a pickle: protocol 2, then ten bytes. */
const MAGIC = 119547037146038801333356n;
const LEGACY_START = Buffer.from('80028a0a', 'hex');
const LEGACY_PROTOCOL = 1001;

/** Entries of a line, of which older versions of torch write fewer. */
const notes = {
  byteorder: { known: /^little$/, expected: 'little-endian storages' },
  version: { known: /^([1-9]|10)\n?$/, expected: 'version 1 to 10 of the format' },
  '.format_version': { known: /^1$/, expected: 'version 1 of torch.save' },
  '.storage_alignment': { known: /^[1-9]\d{0,6}$/, expected: 'the alignment of storages' },
} as const;

/** Whether a file begins as one of torch's does. */
export function isTorchFile(file: Uint8Array): boolean {
  return isZip(file) || LEGACY_START.equals(file.subarray(0, LEGACY_START.length));
}

/** Reads a file's object. Throws ERR_CHECKPOINT; `where` names the file in the message. */
export function openTorchFile(file: Uint8Array, where: string): TorchFile {
  return isZip(file) ? openZipFile(file, where) : openLegacyFile(file, where);
}

function openZipFile(file: Uint8Array, where: string): TorchFile {
  const zip = openZip(file, where);
  const pickles = zip.names.filter((name) => /^[^/]*\/data\.pkl$/.test(name));
  const [name] = pickles;
  if (name === undefined || pickles.length > 1) {
    throw checkpointFault('one data.pkl in the archive, as torch.save writes', `${pickles.length}`, where);
  }
  const folder = name.slice(0, -'data.pkl'.length);
  const text = (entry: string) => {
    const bytes = zip.read(`${folder}${entry}`);
    return bytes && Buffer.from(bytes).toString('latin1');
  };
  for (const [entry, { known, expected }] of Object.entries(notes)) {
    const found = text(entry);
    if (found !== undefined && !known.test(found)) throw checkpointFault(expected, brief(found), where);
  }
  checkSerializationId(zip, folder, where);
  const host = storageTable(where);
  const pickle = zip.read(name) ?? new Uint8Array();
  const { value, length } = unpickle(pickle, host, where);
  if (length !== pickle.length) {
    throw checkpointFault(`a pickle of ${pickle.length} bytes`, `one that ends after ${length}`, where);
  }
  const elements = zipStorages(zip, `${folder}data/`, host.storages, where);
  return {
    format: 'torch-zip',
    root: value,
    read: (tensor) => readTensor(tensor, elements.get(tensor.storage.key) ?? new Uint8Array(), where),
  };
}

/** The elements of each storage; the archive must hold them all and no other. */
function zipStorages(
  zip: ZipArchive,
  folder: string,
  storages: ReadonlyMap<string, Storage>,
  where: string,
): ReadonlyMap<string, Uint8Array> {
  const elements = new Map<string, Uint8Array>();
  for (const { key, count, dtype } of storages.values()) {
    const bytes = zip.read(`${folder}${key}`);
    const expected = count * dtypeBytes[dtype];
    if (bytes?.length !== expected) {
      const received = bytes === undefined ? 'none' : `${bytes.length}`;
      throw checkpointFault(`${expected} bytes in storage ${brief(key)}`, received, where);
    }
    elements.set(key, bytes);
  }
  const stray = zip.names.find((name) => name.startsWith(folder) && !elements.has(name.slice(folder.length)));
  if (stray !== undefined) throw checkpointFault('storages of tensors only', brief(stray), where);
  return elements;
}

function openLegacyFile(file: Uint8Array, where: string): TorchFile {
  const table = storageTable(where);
  let at = 0;
  const next = (host: PickleHost): PickleValue => {
    if (file[at + 1] !== LEGACY_START[1]) throw checkpointFault('pickles of one protocol', 'several', where);
    const { value, length } = unpickle(file.subarray(at), host, where);
    at += length;
    return value;
  };
  if (next(table) !== MAGIC) throw checkpointFault("torch's magic number", 'another', where);
  if (next(table) !== LEGACY_PROTOCOL)
    throw checkpointFault(`torch.save's protocol ${LEGACY_PROTOCOL}`, 'another', where);
  checkMachine(next(table), where);
  const root = next(table);
  const keys = next(table);
  const elements = legacyStorages(keys, file.subarray(at), table.storages, where);
  return {
    format: 'torch-legacy',
    root,
    read: (tensor) => readTensor(tensor, elements.get(tensor.storage.key) ?? new Uint8Array(), where),
  };
}

/** {protocol_version, little_endian, type_sizes: {short: 2, int: 4, long: 4 or 8}}. */
function checkMachine(machine: PickleValue, where: string): void {
  const { protocol_version, little_endian, type_sizes } = fields(machine);
  if (protocol_version !== LEGACY_PROTOCOL || little_endian !== true) {
    throw checkpointFault('a file of a little-endian machine', 'another', where);
  }
  const { short, int, long } = fields(type_sizes);
  if (short !== 2 || int !== 4 || (long !== 4 && long !== 8)) {
    throw checkpointFault('a machine with numbers of 2, 4 and 8 bytes', 'another', where);
  }
}

function fields(value: PickleValue | undefined): Readonly<Record<string, PickleValue>> {
  return value instanceof Map ? Object.fromEntries([...value].filter(([key]) => typeof key === 'string')) : {};
}

/** The elements of each storage, views of `data`, which they must cover exactly. */
function legacyStorages(
  keys: PickleValue,
  data: Uint8Array,
  storages: ReadonlyMap<string, Storage>,
  where: string,
): ReadonlyMap<string, Uint8Array> {
  const reader = new ByteReader(data, where);
  const elements = new Map<string, Uint8Array>();
  if (!Array.isArray(keys) || keys.length !== storages.size) {
    throw checkpointFault(`the keys of ${storages.size} storages`, 'others', where);
  }
  for (const key of keys) {
    const storage = typeof key === 'string' ? storages.get(key) : undefined;
    if (storage === undefined || elements.has(storage.key)) {
      throw checkpointFault('the key of a storage of the object', 'another', where);
    }
    const count = reader.u64();
    if (count !== BigInt(storage.count)) {
      throw checkpointFault(`${storage.count} elements in storage ${brief(storage.key)}`, `${count}`, where);
    }
    elements.set(storage.key, reader.bytes(storage.count * dtypeBytes[storage.dtype]));
  }
  if (reader.left > 0) throw checkpointFault('the end after the last storage', `${reader.left} more bytes`, where);
  return elements;
}

/** torch's names, and the storages that were mentioned; each has one element type and size. */
function storageTable(where: string): PickleHost & { readonly storages: ReadonlyMap<string, Storage> } {
  const storages = new Map<string, Storage>();
  const host = torchHost((storage) => {
    const known = storages.get(storage.key) ?? storage;
    if (known.dtype !== storage.dtype || known.count !== storage.count) {
      throw checkpointFault(`one type and size of storage ${brief(storage.key)}`, 'two', where);
    }
    storages.set(storage.key, known);
    return known;
  }, where);
  return { ...host, storages };
}
