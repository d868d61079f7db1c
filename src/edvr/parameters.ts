/**
 * A network's parameters: where the graph takes them from, and what a checkpoint must hold.
 *
 * The modules of this folder ask for parameters by checkpoint key and shape; nothing lists them a second time. A source
 * that only takes notes gives the list of every key, so checking and counting need no weights.
 */
import { LimpidError } from '../errors/limpid-error.js';
import type { Initializer } from '../onnx/graph-file.js';
import { type Dims, elementCount, type FloatTensor, sameDims } from '../onnx/tensor.js';

/** Parameters by checkpoint key, such as `pcd_align.dcn_pack.l3.conv_offset.weight`. */
export type EdvrWeights = ReadonlyMap<string, FloatTensor>;

/** Gives the parameter of a key; the caller knows the shape it must have. */
export type ParameterSource = (key: string, dims: Dims) => Initializer;

/** Takes parameters from weights that `checkWeights` has passed. Throws ERR_MODEL_WEIGHTS at a missing one. */
export function parametersFrom(weights: EdvrWeights): ParameterSource {
  return (key, dims) => {
    const tensor = weights.get(key);
    if (tensor === undefined || !sameDims(tensor.dims, dims)) {
      const received = tensor === undefined ? 'none' : `[${tensor.dims}]`;
      throw new LimpidError(
        'ERR_MODEL_WEIGHTS',
        `Expected a tensor ${key} of shape [${dims}] but received ${received}`,
      );
    }
    return { name: key, dims, values: () => tensor.data };
  };
}

/** Notes every key that is asked for into `shapes`, and gives zeros. */
export function notingParameters(shapes: Map<string, Dims>): ParameterSource {
  return (key, dims) => {
    shapes.set(key, dims);
    return { name: key, dims, values: () => new Float32Array(elementCount(dims)) };
  };
}

/** Rows [from, to) of a parameter's first axis: a convolution's output channels. */
export function outputRows(parameter: Initializer, from: number, to: number): Initializer {
  const row = elementCount(parameter.dims.slice(1));
  return {
    name: `${parameter.name}[${from}:${to}]`,
    dims: parameter.dims.with(0, to - from),
    values: () => parameter.values().subarray(from * row, to * row),
  };
}

/** Input channels [from, to) of a convolution's weight (o, c, kh, kw). */
export function inputChannels(weight: Initializer, from: number, to: number): Initializer {
  const [outputs = 0, inputs = 0] = weight.dims;
  const taps = elementCount(weight.dims.slice(2));
  const values = () => {
    const all = weight.values();
    const part = new Float32Array(outputs * (to - from) * taps);
    for (let o = 0; o < outputs; o++) {
      const start = (o * inputs + from) * taps;
      part.set(all.subarray(start, start + (to - from) * taps), o * (to - from) * taps);
    }
    return part;
  };
  return { name: `${weight.name}[:,${from}:${to}]`, dims: weight.dims.with(1, to - from), values };
}

/** A parameter times a number, so that a change of range costs nothing at run time. */
export function scaled(parameter: Initializer, factor: number): Initializer {
  if (factor === 1) return parameter;
  return {
    name: `${parameter.name}*${factor}`,
    dims: parameter.dims,
    values: () => parameter.values().map((value) => value * factor),
  };
}

/** A convolution's weight (o, c, kh, kw) with a factor for each input channel; none leave it as it is. */
export function withChannelGains(weight: Initializer, gains: readonly number[]): Initializer {
  if (gains.every((gain) => gain === 1)) return weight;
  const taps = elementCount(weight.dims.slice(2));
  return {
    name: `${weight.name}*channels`,
    dims: weight.dims,
    values: () => weight.values().map((value, i) => value * (gains[Math.floor(i / taps) % gains.length] ?? 1)),
  };
}
