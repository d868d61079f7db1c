/**
 * Files that torch.save wrote, in both its formats.
 *
 *     zip (1.6 and later)   NAME/data.pkl │ NAME/byteorder │ NAME/data/KEY: one entry a storage
 *     legacy                magic number │ protocol │ machine │ object │ keys: five pickles
 *                           then for each key: u64 count, elements
 *
 * Nothing is allocated on the file's word: storages are views of the file, and their sizes must fit it.
 */

import { brief } from '../errors/brief.js';
import type { FloatTensor } from '../onnx/tensor.js';
import { ByteReader } from './byte-reader.js';
import { checkpointFault } from './fault.js';
import { type PickleHost, type PickleValue, unpickle } from './pickle.js';
import { readTensor } from './read-tensor.js';
import { dtypeBytes, type Storage, type StoredTensor, torchHost } from './torch-objects.js';
import { isZip, openZip } from './zip-archive.js';

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
  const [pickle] = pickles;
  if (pickle === undefined || pickles.length > 1) {
    throw checkpointFault('one data.pkl in the archive, as torch.save writes', `${pickles.length}`, where);
  }
  const folder = pickle.slice(0, -'data.pkl'.length);
  const order = Buffer.from(zip.read(`${folder}byteorder`) ?? 'little').toString('latin1');
  if (order !== 'little') throw checkpointFault('little-endian storages', brief(order), where);
  const host = storageTable(where);
  const { value } = unpickle(zip.read(pickle) ?? new Uint8Array(), host, where);
  const elements = (storage: Storage): Uint8Array => {
    const bytes = zip.read(`${folder}data/${storage.key}`);
    const expected = storage.count * dtypeBytes[storage.dtype];
    if (bytes?.length !== expected) {
      const received = bytes === undefined ? 'none' : `${bytes.length}`;
      throw checkpointFault(`${expected} bytes in storage ${brief(storage.key)}`, received, where);
    }
    return bytes;
  };
  return { format: 'torch-zip', root: value, read: (tensor) => readTensor(tensor, elements(tensor.storage), where) };
}

function openLegacyFile(file: Uint8Array, where: string): TorchFile {
  const table = storageTable(where);
  let at = 0;
  const next = (host: PickleHost): PickleValue => {
    const { value, length } = unpickle(file.subarray(at), host, where);
    at += length;
    return value;
  };
  if (next(table) !== MAGIC) throw checkpointFault("torch's magic number", 'another', where);
  if (next(table) !== LEGACY_PROTOCOL)
    throw checkpointFault(`torch.save's protocol ${LEGACY_PROTOCOL}`, 'another', where);
  const machine = next(table);
  if (!(machine instanceof Map) || machine.get('little_endian') !== true) {
    throw checkpointFault('a file of a little-endian machine', 'another', where);
  }
  const root = next(table);
  const keys = next(table);
  const elements = legacyStorages(keys, file.subarray(at), table.storages, where);
  return {
    format: 'torch-legacy',
    root,
    read: (tensor) => readTensor(tensor, elements.get(tensor.storage.key) ?? new Uint8Array(), where),
  };
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
