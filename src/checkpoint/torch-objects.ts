/**
 * What the names in a torch checkpoint mean: the whole list, and nothing of it is code.
 *
 *     _rebuild_tensor_v2(storage, offset, sizes, strides, …)  ─▶ StoredTensor: a window of a storage
 *     persistent id ('storage', FloatStorage, key, place, count)  ─▶ Storage: where its bytes are is the file's business
 */

import { brief } from '../errors/brief.js';
import type { Dims } from '../onnx/tensor.js';
import { elementCount } from '../onnx/tensor.js';
import { checkpointFault } from './fault.js';
import type { PickleFunction, PickleHost, PickleList, PickleObject, PickleValue } from './pickle-value.js';

/** Element types of storages; those that weights may have become float32. */
export type Dtype = 'F32' | 'F16' | 'BF16' | 'F64' | 'I64' | 'I32' | 'I16' | 'I8' | 'U8' | 'BOOL';

/** Bytes of an element. */
export const dtypeBytes: Readonly<Record<Dtype, number>> = {
  F32: 4,
  F16: 2,
  BF16: 2,
  F64: 8,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
};

/** A run of elements that tensors are windows of; several tensors may share one. */
export interface Storage extends PickleObject {
  readonly kind: 'storage';
  readonly key: string;
  readonly dtype: Dtype;
  /** Elements. */
  readonly count: number;
}

/** A tensor as the pickle describes it: every element lies inside the storage. */
export interface StoredTensor extends PickleObject {
  readonly kind: 'tensor';
  readonly storage: Storage;
  /** First element. */
  readonly offset: number;
  readonly dims: Dims;
  /** Elements between neighbours along each axis. */
  readonly strides: Dims;
}

/** The class of a storage. */
interface StorageClass extends PickleObject {
  readonly kind: 'storage-class';
  readonly dtype: Dtype;
}

const storageClasses: Readonly<Record<string, Dtype>> = {
  FloatStorage: 'F32',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  DoubleStorage: 'F64',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ShortStorage: 'I16',
  CharStorage: 'I8',
  ByteStorage: 'U8',
  BoolStorage: 'BOOL',
};

/** Where a storage was: cpu, cuda:0, mps; it is read to the processor's memory whatever it says. */
const PLACE = /^[a-z]+(:\d{1,3})?$/;
/** As many axes as any tensor of a network has, and some to spare. */
const MOST_AXES = 8;

const hasKind = (value: PickleValue | undefined, kind: string): boolean =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind;
const isStorage = (value: PickleValue | undefined): value is Storage => hasKind(value, 'storage');
const isStorageClass = (value: PickleValue | undefined): value is StorageClass => hasKind(value, 'storage-class');

/** Whether a value of a checkpoint is a tensor. */
export function isStoredTensor(value: PickleValue | undefined): value is StoredTensor {
  return hasKind(value, 'tensor');
}

/**
 * The host of a checkpoint's pickle. `onStorage` is told of every mention of a storage, and gives the one of that key.
 * Everything throws ERR_CHECKPOINT at what it doesn't know.
 */
export function torchHost(onStorage: (storage: Storage) => Storage, where: string): PickleHost {
  const known = new Map<string, PickleObject>([
    ['collections.OrderedDict', callable((args) => emptyDict(args, where))],
    ['torch._utils._rebuild_tensor_v2', callable((args) => rebuildTensorV2(args, where))],
    ['torch._utils._rebuild_tensor', callable((args) => rebuildTensor(args, where))],
    ['torch._utils._rebuild_parameter', callable((args) => rebuildParameter(args, where))],
    ['torch.Size', callable((args) => tuple(args, where))],
  ]);
  for (const [name, dtype] of Object.entries(storageClasses)) {
    known.set(`torch.${name}`, { kind: 'storage-class', dtype } as StorageClass);
  }
  return {
    global(module, name) {
      const found = known.get(`${module}.${name}`);
      if (found === undefined) {
        const sentence = 'a checkpoint of tensors, dictionaries and numbers only';
        throw checkpointFault(sentence, `${brief(`${module}.${name}`)}; save net.state_dict() alone`, where);
      }
      return found;
    },
    persistent: (id) => onStorage(parseStorage(id, where)),
  };
}

function callable(call: PickleFunction['call']): PickleFunction {
  return { kind: 'function', call };
}

function emptyDict(args: PickleList, where: string): PickleValue {
  if (args.length > 0) throw checkpointFault('an ordered dictionary made empty', `${args.length} arguments`, where);
  return new Map();
}

function tuple(args: PickleList, where: string): PickleValue {
  return [...dimsOf(args[0], 'torch.Size', where)];
}

/** ('storage', class, key, place, count), and in legacy files a view of another storage, which no torch writes now. */
function parseStorage(id: PickleValue, where: string): Storage {
  const [tag, type, key, place, count, view = null, ...more] = Array.isArray(id) ? id : [];
  const isPlace = typeof place === 'string' && PLACE.test(place);
  if (
    !(
      tag === 'storage' &&
      isStorageClass(type) &&
      typeof key === 'string' &&
      isPlace &&
      view === null &&
      more.length === 0 &&
      isCount(count)
    )
  ) {
    throw checkpointFault('a storage of a known element type, key and size', 'another persistent id', where);
  }
  return { kind: 'storage', key, dtype: type.dtype, count };
}

/** (storage, offset, sizes, strides, requires_grad, hooks, metadata). */
function rebuildTensorV2(args: PickleList, where: string): StoredTensor {
  const [gradient, hooks, metadata = null, ...more] = args.slice(4);
  checkTraining([gradient, hooks], where);
  if (!(metadata === null || metadata instanceof Map) || more.length > 0) {
    throw checkpointFault('a tensor with a dictionary of marks at most', 'something else', where);
  }
  return rebuildTensor(args.slice(0, 4), where);
}

/** (storage, offset, sizes, strides). */
function rebuildTensor(args: PickleList, where: string): StoredTensor {
  const [storage, offset, sizes, steps, ...more] = args;
  if (!isStorage(storage) || !isCount(offset) || more.length > 0) {
    throw checkpointFault('a tensor of a storage and an offset', 'something else', where);
  }
  const dims = dimsOf(sizes, 'sizes', where);
  const strides = dimsOf(steps, 'strides', where);
  if (dims.length !== strides.length) {
    throw checkpointFault(`${dims.length} strides of a tensor`, `${strides.length}`, where);
  }
  const count = elementCount(dims);
  if (count > storage.count) {
    throw checkpointFault(`a tensor [${dims}] no larger than its storage`, `a storage of ${storage.count}`, where);
  }
  const last = offset + dims.reduce((sum, size, axis) => sum + (size - 1) * (strides[axis] ?? 0), 0);
  if (count > 0 && last >= storage.count) {
    throw checkpointFault(`a tensor inside its storage of ${storage.count}`, `one that reaches ${last}`, where);
  }
  return { kind: 'tensor', storage, offset, dims, strides };
}

/** (tensor, requires_grad, hooks). */
function rebuildParameter(args: PickleList, where: string): StoredTensor {
  const [tensor, gradient, hooks, ...more] = args;
  if (!isStoredTensor(tensor) || more.length > 0) {
    throw checkpointFault('a parameter made of a tensor', 'something else', where);
  }
  checkTraining([gradient, hooks], where);
  return tensor;
}

/** What is of use to training only: whether there are gradients, and hooks, which torch.save leaves empty. */
function checkTraining([gradient, hooks]: readonly (PickleValue | undefined)[], where: string): void {
  if (typeof gradient !== 'boolean' || !(hooks instanceof Map) || hooks.size > 0) {
    throw checkpointFault('a tensor with a flag for gradients and no hooks', 'something else', where);
  }
}

function dimsOf(value: PickleValue | undefined, what: string, where: string): Dims {
  if (!Array.isArray(value) || value.length > MOST_AXES || !value.every(isCount)) {
    throw checkpointFault(`at most ${MOST_AXES} whole numbers for ${what}`, 'something else', where);
  }
  return [...value] as number[];
}

function isCount(value: PickleValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
