/**
 * safetensors files: the form in which weights are kept beside their manifest.
 *
 *     u64 header length, little-endian │ header, JSON │ tensors, one after the other
 *     header: {"key": {"dtype": "F16", "shape": [16, 3, 3, 3], "data_offsets": [0, 864]}, …, "__metadata__": {…}}
 *
 * A file may come from anywhere, so nothing of it is believed: sizes are checked before anything is allocated, and what
 * is allocated is at most twice the file's size.
 */
import { z } from 'zod';
import { brief } from '../errors/brief.js';
import { LimpidError } from '../errors/limpid-error.js';
import { type Dims, elementCount, type FloatTensor } from '../onnx/tensor.js';
import { type FloatType, narrowToHalf, widenFloats } from './half-float.js';

/** What {@link writeSafetensors} may write. */
export interface SafetensorsOptions {
  /** Default 'F32'. 'F16' rounds to the nearest half. */
  readonly dtype?: 'F32' | 'F16';
  /** Notes kept in the header. */
  readonly metadata?: Readonly<Record<string, string>>;
}

const BYTES: Readonly<Record<FloatType, number>> = { F32: 4, F16: 2, BF16: 2 };
/** Bytes of the length field. */
const PREFIX = 8;
/** Longest header that is parsed: thousands of tensors fit into a fraction of it. */
const MAX_HEADER = 16 * 1024 * 1024;

const entrySchema = z.strictObject({
  dtype: z.enum(['F32', 'F16', 'BF16']),
  shape: z.array(z.int().min(0)).max(8),
  data_offsets: z.tuple([z.int().min(0), z.int().min(0)]),
});
const headerSchema = z.record(z.string(), z.unknown());

interface Entry {
  readonly key: string;
  readonly dtype: FloatType;
  readonly dims: Dims;
  readonly begin: number;
  readonly end: number;
}

/**
 * Tensors by key, widened to float32. `where` names the file in messages. Throws ERR_MODEL_WEIGHTS for anything that is
 * not a well-formed file whose tensors cover its data exactly.
 */
export function readSafetensors(file: Uint8Array, where: string): ReadonlyMap<string, FloatTensor> {
  const length = headerLength(file, where);
  const data = file.subarray(PREFIX + length);
  const entries = parseHeader(file.subarray(PREFIX, PREFIX + length), where);
  checkCoverage(entries, data.length, where);
  return new Map(
    entries.map(({ key, dtype, dims, begin, end }) => [
      key,
      { dims, data: widenFloats(dtype, data.subarray(begin, end)) },
    ]),
  );
}

/** The bytes of a file with these tensors, in order of their keys. */
export function writeSafetensors(
  tensors: ReadonlyMap<string, FloatTensor>,
  options: SafetensorsOptions = {},
): Uint8Array {
  const dtype = options.dtype ?? 'F32';
  const header: Record<string, unknown> = options.metadata ? { __metadata__: options.metadata } : {};
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const [key, { dims, data }] of [...tensors].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const bytes = dtype === 'F16' ? narrowToHalf(data) : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    header[key] = { dtype, shape: dims, data_offsets: [offset, offset + bytes.length] };
    parts.push(bytes);
    offset += bytes.length;
  }
  const json = Buffer.from(JSON.stringify(header));
  // Spaces keep the data aligned to eight bytes.
  const padded = Buffer.concat([json, Buffer.alloc(-json.length & 7, ' ')]);
  const prefix = Buffer.alloc(PREFIX);
  prefix.writeBigUInt64LE(BigInt(padded.length));
  return Buffer.concat([prefix, padded, ...parts]);
}

function headerLength(file: Uint8Array, where: string): number {
  if (file.length < PREFIX) throw fault(`a file of at least ${PREFIX} bytes`, `${file.length} bytes`, where);
  const length = new DataView(file.buffer, file.byteOffset).getBigUint64(0, true);
  const most = Math.min(MAX_HEADER, file.length - PREFIX);
  if (length > most) throw fault(`a header of at most ${most} bytes`, `${length} bytes`, where);
  return Number(length);
}

function parseHeader(bytes: Uint8Array, where: string): readonly Entry[] {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw fault('a header in JSON', 'something else', where, cause);
  }
  const header = headerSchema.safeParse(json);
  if (!header.success) throw fault('a header that is a JSON object', typeof json, where);
  return Object.entries(header.data)
    .filter(([key]) => key !== '__metadata__')
    .map(([key, value]) => parseEntry(key, value, where));
}

function parseEntry(key: string, value: unknown, where: string): Entry {
  const parsed = entrySchema.safeParse(value);
  if (!parsed.success) {
    const expected = `dtype F32, F16 or BF16, shape and data_offsets for tensor ${brief(key)}`;
    throw fault(expected, brief(JSON.stringify(value)), where);
  }
  const { dtype, shape: dims, data_offsets: offsets } = parsed.data;
  const [begin, end] = offsets;
  const bytes = elementCount(dims) * BYTES[dtype];
  if (end - begin !== bytes) {
    throw fault(`${bytes} bytes for tensor ${brief(key)} of shape [${dims}]`, `offsets ${begin} to ${end}`, where);
  }
  return { key, dtype, dims, begin, end };
}

/** The format wants every byte to belong to exactly one tensor: no overlap, no gap, nothing outside. */
function checkCoverage(entries: readonly Entry[], bytes: number, where: string): void {
  let covered = 0;
  for (const { key, begin, end } of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== covered) throw fault(`tensor ${brief(key)} to begin at byte ${covered}`, `${begin}`, where);
    covered = end;
  }
  if (covered !== bytes) throw fault(`${covered} bytes of tensors`, `${bytes}`, where);
}

function fault(expected: string, received: string, where: string, cause?: unknown): LimpidError {
  return new LimpidError('ERR_MODEL_WEIGHTS', `Expected ${expected} but received ${received} (${where})`, { cause });
}
