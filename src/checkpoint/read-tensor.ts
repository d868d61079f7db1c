/**
 * A tensor out of its storage: contiguous, widened to float32.
 */
import { type Dims, elementCount, type FloatTensor } from '../onnx/tensor.js';
import { checkpointFault } from './fault.js';
import { widenFloats } from './half-float.js';
import { type Dtype, dtypeBytes, type StoredTensor } from './torch-objects.js';

/**
 * Reads a tensor. `storage` holds all elements of its storage; the tensor was found to lie inside when it was described.
 * Throws ERR_CHECKPOINT for element types that are no weights'.
 */
export function readTensor(tensor: StoredTensor, storage: Uint8Array, where: string): FloatTensor {
  const { dims, offset, strides } = tensor;
  const { dtype } = tensor.storage;
  const size = dtypeBytes[dtype];
  const bytes = isContiguous(dims, strides)
    ? storage.slice(offset * size, (offset + elementCount(dims)) * size)
    : gather(tensor, storage, size);
  return { dims, data: widen(dtype, bytes, where) };
}

/** Row-major without gaps; the stride of an axis of one element is never used. */
function isContiguous(dims: Dims, strides: Dims): boolean {
  let expected = 1;
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    const size = dims[axis] ?? 0;
    if (size !== 1 && strides[axis] !== expected) return false;
    expected *= size;
  }
  return true;
}

/** Copies elements one by one, in row-major order; the cost is the tensor's size whatever its strides. */
function gather({ dims, offset, strides }: StoredTensor, storage: Uint8Array, size: number): Uint8Array {
  const count = elementCount(dims);
  const bytes = new Uint8Array(count * size);
  const index = dims.map(() => 0);
  let from = offset;
  for (let to = 0; to < count; to++) {
    bytes.set(storage.subarray(from * size, (from + 1) * size), to * size);
    // Counts up like an odometer: the last axis first.
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      const step = strides[axis] ?? 0;
      const next = (index[axis] ?? 0) + 1;
      if (next < (dims[axis] ?? 0)) {
        index[axis] = next;
        from += step;
        break;
      }
      index[axis] = 0;
      from -= (next - 1) * step;
    }
  }
  return bytes;
}

function widen(dtype: Dtype, bytes: Uint8Array, where: string): Float32Array {
  if (dtype !== 'F32' && dtype !== 'F16' && dtype !== 'BF16') {
    throw checkpointFault('weights of 32- or 16-bit floats', `a tensor of ${dtype}`, where);
  }
  return widenFloats(dtype, bytes);
}
