/**
 * Shape and cost arithmetic of the operations a graph may hold.
 */
import type { Dims } from './tensor.js';

/** Stride and zero padding of a convolution, down and across; padding is the same on opposite sides. */
export interface ConvShape {
  readonly stride: readonly [y: number, x: number];
  readonly pad: readonly [y: number, x: number];
}

/** (n, c, h, w) and weight (o, c, kh, kw) → (n, o, h', w'). Throws RangeError where the channels do not fit. */
export function convOutputDims(x: Dims, weight: Dims, { stride, pad }: ConvShape): Dims {
  const [n = 0, c = 0, h = 0, w = 0] = x;
  const [o = 0, inputs = 0, kh = 0, kw = 0] = weight;
  if (c !== inputs) throw new RangeError(`convolution of ${c} channels with a weight for ${inputs}`);
  const size = (extent: number, kernel: number, border: number, step: number) =>
    Math.floor((extent + 2 * border - kernel) / step) + 1;
  return [n, o, size(h, kh, pad[0], stride[0]), size(w, kw, pad[1], stride[1])];
}

/** Multiply-accumulates of a convolution: one per output element, input channel and tap; the bias is not counted. */
export function convMacs(output: Dims, weight: Dims): number {
  const [, inputs = 0, kh = 0, kw = 0] = weight;
  return output.reduce((product, size) => product * size, 1) * inputs * kh * kw;
}

/** The shape of an element-wise operation: axes align at the end, an axis of 1 stretches. */
export function broadcastDims(a: Dims, b: Dims): Dims {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1) throw new RangeError(`shapes [${a}] and [${b}] do not broadcast`);
    return Math.max(left, right);
  });
}
