/**
 * A checkpoint of any format: named tensors, each read when it is asked for.
 *
 *     .pth, zip or legacy ─▶ unpickle ─▶ the dictionary of weights ─┐
 *     .safetensors ─────────────────────────────────────────────────┴▶ key ─▶ shape, read()
 */

import { brief } from '../errors/brief.js';
import type { Dims, FloatTensor } from '../onnx/tensor.js';
import { elementCount } from '../onnx/tensor.js';
import { checkpointFault } from './fault.js';
import type { PickleDict, PickleValue } from './pickle-value.js';
import { readSafetensors } from './safetensors.js';
import { isTorchFile, openTorchFile } from './torch-file.js';
import { isStoredTensor, type StoredTensor } from './torch-objects.js';

/** A tensor that has not been read. */
export interface CheckpointTensor {
  readonly dims: Dims;
  /** Its elements as float32; new memory every time. */
  readonly read: () => FloatTensor;
}

/** An opened file. */
export interface Checkpoint {
  readonly format: 'torch-zip' | 'torch-legacy' | 'safetensors';
  /** The key under which the tensors stood, such as `params`; undefined for those at top level. */
  readonly section: string | undefined;
  readonly tensors: ReadonlyMap<string, CheckpointTensor>;
}

/** Keys under which trainers keep weights, the averaged ones first: those are what papers measure. */
export const sections = ['params_ema', 'params', 'state_dict'] as const;

/** Tensors may share storages, but a file's tensors take at most this many times its size as float32. */
const MAX_EXPANSION = 8;

/**
 * Opens a checkpoint. `section` names the key to look under; by default the first of {@link sections} that is there, else
 * the top level. Throws ERR_CHECKPOINT or ERR_MODEL_WEIGHTS; `where` names the file in the message.
 */
export function openCheckpoint(file: Uint8Array, where: string, section?: string): Checkpoint {
  if (isTorchFile(file)) {
    const { format, root, read } = openTorchFile(file, where);
    const found = findSection(root, section, where);
    const tensors = [...found.weights].map(([key, value]) => [key, tensorOf(key, value, where)] as const);
    checkExpansion(
      tensors.map(([, tensor]) => tensor.dims),
      file.length,
      where,
    );
    return {
      format,
      section: found.section,
      tensors: new Map(tensors.map(([key, tensor]) => [key, { dims: tensor.dims, read: () => read(tensor) }])),
    };
  }
  if (!looksLikeSafetensors(file)) {
    throw checkpointFault('a checkpoint of torch.save or safetensors', 'a file that begins otherwise', where);
  }
  if (section !== undefined) throw checkpointFault('tensors at top level in safetensors', `section ${section}`, where);
  const tensors = [...readSafetensors(file, where)].map(
    ([key, tensor]) => [key, { dims: tensor.dims, read: () => tensor }] as const,
  );
  return { format: 'safetensors', section: undefined, tensors: new Map(tensors) };
}

/** A header length of eight bytes, then JSON. */
function looksLikeSafetensors(file: Uint8Array): boolean {
  return file[8] === 0x7b;
}

interface Section {
  readonly section: string | undefined;
  readonly weights: ReadonlyMap<string, PickleValue>;
}

function findSection(root: PickleValue, wanted: string | undefined, where: string): Section {
  if (!(root instanceof Map)) throw checkpointFault('a dictionary of tensors', 'another object', where);
  const section = wanted ?? sections.find((name) => root.has(name));
  const weights = section === undefined ? root : root.get(section);
  if (!(weights instanceof Map)) {
    const there = [...root.keys()].map(keyText).slice(0, 5).join(', ');
    throw checkpointFault(`a dictionary of tensors under ${section}`, `a file that holds ${there || 'nothing'}`, where);
  }
  return { section, weights: textKeys(weights, where) };
}

function textKeys(dict: PickleDict, where: string): ReadonlyMap<string, PickleValue> {
  for (const key of dict.keys()) {
    if (typeof key !== 'string') throw checkpointFault('names as keys of tensors', keyText(key), where);
  }
  if (dict.size === 0) throw checkpointFault('tensors', 'an empty dictionary', where);
  return dict as Map<string, PickleValue>;
}

function tensorOf(key: string, value: PickleValue, where: string): StoredTensor {
  if (!isStoredTensor(value)) throw checkpointFault(`a tensor under ${brief(key)}`, 'something else', where);
  return value;
}

function checkExpansion(shapes: readonly Dims[], bytes: number, where: string): void {
  const needed = shapes.reduce((sum, dims) => sum + elementCount(dims) * Float32Array.BYTES_PER_ELEMENT, 0);
  if (needed > MAX_EXPANSION * bytes) {
    const sentence = `tensors of at most ${MAX_EXPANSION} times the file's ${bytes} bytes`;
    throw checkpointFault(sentence, `${needed} bytes of tensors that share storages`, where);
  }
}

function keyText(key: PickleValue): string {
  return typeof key === 'string' ? brief(key) : 'a key that is no text';
}
