/**
 * Builds an ONNX graph in memory, operation by operation, with every shape known.
 *
 * The builder tracks shapes so that callers see them, and counts multiply-accumulates of what runs. Initialisers are
 * made only when the file is encoded, so a graph can be described or counted without its weights:
 *
 *     const graph = new GraphBuilder('double');
 *     const x = graph.input('x', 'float32', [1, 3, 4, 6]);
 *     graph.output('y', graph.add(x, x));
 *     const bytes = graph.encode();
 */
import { type Attributes, encodeAttributes } from './attributes.js';
import { dataTypes, encodeModel, type NodeProto, type TensorProto, type ValueInfoProto } from './messages.js';
import { broadcastDims, type ConvShape, convMacs, convOutputDims } from './shapes.js';
import { type Dims, type ElementType, elementCount, sameDims, type TensorInfo } from './tensor.js';

/** Operator set the graphs need: 19 is the first with DeformConv. */
export const OPSET = 19;
/** File format version that goes with it. */
const IR_VERSION = 9;

/** A tensor in a graph under construction. */
export interface Value {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: Dims;
}

/** A float32 constant that is computed when the graph is encoded. Equal names mean equal constants: they are shared. */
export interface Initializer {
  readonly name: string;
  readonly dims: Dims;
  readonly values: () => Float32Array;
}

/** Multiply-accumulates of one counted operation; `label` is what the caller named it. */
export interface MacEntry {
  readonly label: string;
  readonly macs: number;
}

/** How a convolution runs. `label` makes its multiply-accumulates count; without it the operation is uncounted. */
export interface ConvOptions extends Partial<ConvShape> {
  readonly label?: string;
}

export class GraphBuilder {
  readonly #name: string;
  readonly #nodes: NodeProto[] = [];
  readonly #inputs: Value[] = [];
  readonly #outputs: TensorInfo[] = [];
  readonly #initializers = new Map<string, { readonly value: Value; readonly bytes: () => Uint8Array }>();
  readonly #macs: MacEntry[] = [];
  #values = 0;

  constructor(name: string) {
    this.#name = name;
  }

  /** Inputs in the order they were declared. */
  get inputs(): readonly TensorInfo[] {
    return this.#inputs;
  }

  /** Outputs in the order they were declared. */
  get outputs(): readonly TensorInfo[] {
    return this.#outputs;
  }

  /** Counted operations in order. A convolution's multiply-accumulates: output elements × kernel area × input channels. */
  get macs(): readonly MacEntry[] {
    return this.#macs;
  }

  /** Declares a graph input. */
  input(name: string, type: ElementType, dims: Dims): Value {
    const value = { name, type, dims };
    this.#inputs.push(value);
    return value;
  }

  /** Declares a value as a graph output under a name of its own. */
  output(name: string, value: Value): void {
    this.#nodes.push({
      name: `output_${name}`,
      opType: 'Identity',
      input: [value.name],
      output: [name],
      attribute: [],
    });
    this.#outputs.push({ name, type: value.type, dims: value.dims });
  }

  /** A float32 constant; asked for twice under one name it is stored once. */
  initializer(constant: Initializer): Value {
    const { name, dims, values } = constant;
    return this.#constant(name, 'float32', dims, () => bytesOf(values(), elementCount(dims), name));
  }

  /** A constant list of whole numbers, as shapes, pads and scales are given to operations. */
  ints(values: readonly number[]): Value {
    const bytes = () => new Uint8Array(BigInt64Array.from(values, (value) => BigInt(value)).buffer);
    return this.#constant(`ints_${values.join('_')}`, 'int64', [values.length], bytes);
  }

  /** A constant list of floats, for the same use. */
  floats(values: readonly number[]): Value {
    const name = `floats_${values.join('_')}`;
    return this.initializer({ name, dims: [values.length], values: () => Float32Array.from(values) });
  }

  /** A float32 constant without axes. */
  scalar(value: number): Value {
    return this.initializer({ name: `scalar_${value}`, dims: [], values: () => Float32Array.of(value) });
  }

  /** A uint8 constant without axes. */
  byte(value: number): Value {
    return this.#constant(`byte_${value}`, 'uint8', [], () => Uint8Array.of(value));
  }

  /** Any operation with one output whose shape the caller knows. */
  node(opType: string, inputs: readonly (Value | undefined)[], dims: Dims, options: NodeOptions = {}): Value {
    const value = { name: `v${this.#values++}`, type: options.type ?? inputs[0]?.type ?? 'float32', dims };
    this.#nodes.push({
      name: `${opType}_${value.name}`,
      opType,
      input: inputs.map((input) => input?.name ?? ''),
      output: [value.name],
      attribute: encodeAttributes(options.attributes ?? {}),
    });
    return value;
  }

  /** Convolution (n, c, h, w) → (n, o, h', w'); weight (o, c, kh, kw). Pads are zeros, equal on all sides. */
  conv(x: Value, weight: Value, bias: Value | undefined, options: ConvOptions = {}): Value {
    const shape: ConvShape = { stride: options.stride ?? [1, 1], pad: options.pad ?? [0, 0] };
    const dims = convOutputDims(x.dims, weight.dims, shape);
    this.#count(options.label, convMacs(dims, weight.dims));
    const inputs = bias === undefined ? [x, weight] : [x, weight, bias];
    const attributes = {
      kernel_shape: weight.dims.slice(2),
      pads: [...shape.pad, ...shape.pad],
      strides: shape.stride,
    };
    return this.node('Conv', inputs, dims, { attributes });
  }

  /**
   * Modulated deformable convolution, stride 1, size kept. `offset` (n, 2·groups·kh·kw, h, w), per tap Δy then Δx;
   * `mask` (n, groups·kh·kw, h, w), after its sigmoid. Counted as the product alone: sampling is not a product.
   */
  deformConv(x: Value, weight: Value, bias: Value, sampling: DeformSampling, label?: string): Value {
    const [, , kernel = 1] = weight.dims;
    const pad = kernel >> 1;
    const dims = convOutputDims(x.dims, weight.dims, { stride: [1, 1], pad: [pad, pad] });
    this.#count(label, convMacs(dims, weight.dims));
    const attributes = {
      kernel_shape: weight.dims.slice(2),
      offset_group: sampling.groups,
      pads: [pad, pad, pad, pad],
      strides: [1, 1],
    };
    return this.node('DeformConv', [x, weight, sampling.offset, bias, sampling.mask], dims, { attributes });
  }

  relu(x: Value): Value {
    return this.node('Relu', [x], x.dims);
  }

  leakyRelu(x: Value, slope: number): Value {
    return this.node('LeakyRelu', [x], x.dims, { attributes: { alpha: { float: slope } } });
  }

  sigmoid(x: Value): Value {
    return this.node('Sigmoid', [x], x.dims);
  }

  add(a: Value, b: Value): Value {
    return this.node('Add', [a, b], broadcastDims(a.dims, b.dims));
  }

  mul(a: Value, b: Value): Value {
    return this.node('Mul', [a, b], broadcastDims(a.dims, b.dims));
  }

  /** Joins values along an axis; a single value is returned as it is. */
  concat(values: readonly Value[], axis: number): Value {
    const [first] = values;
    if (first === undefined) throw new RangeError('concat needs at least one value');
    if (values.length === 1) return first;
    const size = values.reduce((sum, value) => sum + (value.dims[axis] ?? 0), 0);
    return this.node('Concat', values, first.dims.with(axis, size), { attributes: { axis } });
  }

  /** The same elements under another shape. */
  reshape(x: Value, dims: Dims): Value {
    if (sameDims(x.dims, dims)) return x;
    return this.node('Reshape', [x, this.ints(dims)], dims);
  }

  transpose(x: Value, perm: readonly number[]): Value {
    return this.node(
      'Transpose',
      [x],
      perm.map((axis) => x.dims[axis] ?? 0),
      { attributes: { perm } },
    );
  }

  cast(x: Value, type: ElementType): Value {
    return this.node('Cast', [x], x.dims, { type, attributes: { to: dataTypes[type] } });
  }

  /** Elements [0, size) of each given axis. */
  crop(x: Value, sizes: Readonly<Record<number, number>>): Value {
    const cuts = Object.entries(sizes).filter(([axis, size]) => size < (x.dims[Number(axis)] ?? 0));
    if (cuts.length === 0) return x;
    const axes = cuts.map(([axis]) => Number(axis));
    const ends = cuts.map(([, size]) => size);
    const dims = x.dims.map((size, axis) => sizes[axis] ?? size);
    return this.node('Slice', [x, this.ints(axes.map(() => 0)), this.ints(ends), this.ints(axes)], dims);
  }

  /** Pads; `before` and `after` give one number per axis. */
  pad(x: Value, before: readonly number[], after: readonly number[], mode: 'reflect' | 'edge'): Value {
    if ([...before, ...after].every((size) => size === 0)) return x;
    const dims = x.dims.map((size, axis) => size + (before[axis] ?? 0) + (after[axis] ?? 0));
    return this.node('Pad', [x, this.ints([...before, ...after])], dims, { attributes: { mode } });
  }

  /** Bilinear upsampling of (n, c, h, w) by a whole factor: half-pixel centres, clamped at the edges. */
  upsample(x: Value, factor: number): Value {
    const [n = 1, c = 1, h = 1, w = 1] = x.dims;
    return this.node('Resize', [x, undefined, this.floats([1, 1, factor, factor])], [n, c, h * factor, w * factor], {
      attributes: { mode: 'linear', coordinate_transformation_mode: 'half_pixel' },
    });
  }

  /** 3×3 pooling at stride 2 with padding 1: (n, c, h, w) → (n, c, ⌈h/2⌉, ⌈w/2⌉). The average always divides by nine. */
  pool(x: Value, kind: 'max' | 'average'): Value {
    const [n = 1, c = 1, h = 1, w = 1] = x.dims;
    const attributes = {
      kernel_shape: [3, 3],
      pads: [1, 1, 1, 1],
      strides: [2, 2],
      count_include_pad: kind === 'average' ? 1 : undefined,
    };
    const dims = [n, c, (h + 1) >> 1, (w + 1) >> 1];
    return this.node(kind === 'max' ? 'MaxPool' : 'AveragePool', [x], dims, { attributes });
  }

  /** Pixel shuffle: (n, c·f², h, w) → (n, c, h·f, w·f), input channel c·f² + dy·f + dx. */
  pixelShuffle(x: Value, factor: number): Value {
    const [n = 1, c = 1, h = 1, w = 1] = x.dims;
    const attributes = { blocksize: factor, mode: 'CRD' };
    return this.node('DepthToSpace', [x], [n, c / factor ** 2, h * factor, w * factor], { attributes });
  }

  /** The ONNX file. */
  encode(): Uint8Array {
    const initializer = [...this.#initializers.values()].map(
      ({ value, bytes }): TensorProto => ({
        name: value.name,
        dims: value.dims,
        dataType: dataTypes[value.type],
        rawData: bytes(),
      }),
    );
    return encodeModel({
      irVersion: IR_VERSION,
      producerName: 'limpid',
      graph: {
        name: this.#name,
        node: this.#nodes,
        initializer,
        input: this.#inputs.map(valueInfo),
        output: this.#outputs.map(valueInfo),
      },
      opsetImport: [{ domain: '', version: OPSET }],
    });
  }

  #constant(name: string, type: ElementType, dims: Dims, bytes: () => Uint8Array): Value {
    const known = this.#initializers.get(name);
    if (known !== undefined) return known.value;
    const value = { name, type, dims };
    this.#initializers.set(name, { value, bytes });
    return value;
  }

  #count(label: string | undefined, macs: number): void {
    if (label !== undefined) this.#macs.push({ label, macs });
  }
}

/** Where a deformable convolution samples. */
export interface DeformSampling {
  readonly offset: Value;
  readonly mask: Value;
  readonly groups: number;
}

/** What a node has beside its inputs. `type` is the output's, by default the first input's. */
export interface NodeOptions {
  readonly type?: ElementType;
  readonly attributes?: Attributes;
}

function valueInfo(info: TensorInfo): ValueInfoProto {
  const dim = info.dims.map((dimValue) => ({ dimValue }));
  return { name: info.name, type: { tensorType: { elemType: dataTypes[info.type], shape: { dim } } } };
}

function bytesOf(values: Float32Array, expected: number, name: string): Uint8Array {
  if (values.length !== expected)
    throw new RangeError(`initializer ${name} has ${values.length} of ${expected} values`);
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
