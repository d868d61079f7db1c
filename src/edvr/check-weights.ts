/**
 * Whether a checkpoint belongs to a network: every tensor found, every key used.
 */
import { brief } from '../errors/brief.js';
import { LimpidError } from '../errors/limpid-error.js';
import { type Dims, elementCount, sameDims } from '../onnx/tensor.js';
import { parameterShapes } from './emit.js';
import type { EdvrOptions } from './options.js';
import type { EdvrWeights } from './parameters.js';

/** Keys that a message names before it says how many more there are. */
const NAMED = 3;

/** Throws ERR_MODEL_WEIGHTS naming the first few keys that are missing, unused or of another shape; reads no values. */
export function checkShapes(options: EdvrOptions, received: ReadonlyMap<string, Dims>, where: string): void {
  const shapes = parameterShapes(options);
  const missing = [...shapes.keys()].filter((key) => !received.has(key));
  if (missing.length > 0) throw fault('tensors that are missing', missing, where);
  const unused = [...received.keys()].filter((key) => !shapes.has(key));
  if (unused.length > 0) throw fault('no tensors that the options have no use for', unused, where);
  const misshapen = [...shapes].filter(([key, dims]) => !sameDims(received.get(key) ?? [], dims));
  if (misshapen.length > 0) {
    const described = misshapen.map(([key, dims]) => `${key} [${dims}], received [${received.get(key)}]`);
    throw fault('tensors of other shapes', described, where);
  }
}

/** As {@link checkShapes}, and every value is finite. */
export function checkWeights(options: EdvrOptions, weights: EdvrWeights, where: string): void {
  checkShapes(options, new Map([...weights].map(([key, { dims }]) => [key, dims])), where);
  const broken = [...weights].filter(([, tensor]) => !tensor.data.every(Number.isFinite)).map(([key]) => key);
  if (broken.length > 0) throw fault('finite values in every tensor', broken, where);
}

/** Number of parameters of a network. */
export function parameterCount(options: EdvrOptions): number {
  return [...parameterShapes(options).values()].reduce((sum, dims) => sum + elementCount(dims), 0);
}

function fault(expected: string, keys: readonly string[], where: string): LimpidError {
  const more = keys.length > NAMED ? ` and ${keys.length - NAMED} more` : '';
  return new LimpidError(
    'ERR_MODEL_WEIGHTS',
    `Expected ${expected}: ${keys.slice(0, NAMED).map(brief).join(', ')}${more} (${where})`,
  );
}
