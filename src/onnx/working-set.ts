/**
 * How much memory a graph's values take while it runs.
 */
import type { GraphFile, Step } from './graph-file.js';
import { elementBytes, elementCount } from './tensor.js';

/** Operations that may write over an input that nobody reads any more. */
const IN_PLACE = new Set(['Relu', 'LeakyRelu', 'Sigmoid', 'Add', 'Mul', 'Reshape', 'Clip']);

/**
 * The most bytes of values alive at once, operations running in the order they were added and values freed after their
 * last use. Inputs and constants are the caller's and not counted; what operations need for themselves is.
 */
export function workingSetBytes(graph: GraphFile): number {
  const { steps } = graph;
  const lastUse = new Map<string, number>();
  for (const [i, { inputs }] of steps.entries()) for (const { name } of inputs) lastUse.set(name, i);
  const alive = new Map<string, number>();
  let bytes = 0;
  let most = 0;
  for (const [i, step] of steps.entries()) {
    const dying = step.inputs.filter(({ name }) => lastUse.get(name) === i && alive.has(name));
    const own = bytesOf(step);
    const overwritten = IN_PLACE.has(step.opType) && dying.some(({ name }) => alive.get(name) === own);
    most = Math.max(most, bytes + (overwritten ? 0 : own) + scratchBytes(step));
    alive.set(step.output.name, own);
    bytes += own;
    for (const { name } of new Set(dying)) {
      bytes -= alive.get(name) ?? 0;
      alive.delete(name);
    }
  }
  return most;
}

function bytesOf({ output: { type, dims } }: Step): number {
  return elementCount(dims) * elementBytes(type);
}

/** A deformable convolution gathers its samples first: one plane of the output's size for every channel and tap. */
function scratchBytes({ opType, inputs, output }: Step): number {
  const [, c = 0] = inputs[0]?.dims ?? [];
  const [, , h = 0, w = 0] = output.dims;
  const [, , kh = 1, kw = 1] = inputs[1]?.dims ?? [];
  return opType === 'DeformConv' ? c * kh * kw * h * w * elementBytes(output.type) : 0;
}
