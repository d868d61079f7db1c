/**
 * Tensors as they lie in memory: what checkpoints hold, what graphs take as initialisers.
 */

/** Sizes of a tensor's axes, outermost first; row-major. */
export type Dims = readonly number[];

/** A float32 tensor. `data.length` equals the product of `dims`. */
export interface FloatTensor {
  readonly dims: Dims;
  readonly data: Float32Array;
}

/** Element types that the project's graphs pass around. */
export type ElementType = 'float32' | 'uint8' | 'int64';

/** Name, element type and shape of a graph's input or output. */
export interface TensorInfo {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: Dims;
}

/** Number of elements of a shape: the product of its axes (1 for a scalar). */
export function elementCount(dims: Dims): number {
  return dims.reduce((product, size) => product * size, 1);
}

/** Bytes of one element. */
export function elementBytes(type: ElementType): number {
  switch (type) {
    case 'float32':
      return 4;
    case 'uint8':
      return 1;
    case 'int64':
      return 8;
  }
}

/** Whether two shapes are the same. */
export function sameDims(a: Dims, b: Dims): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}
