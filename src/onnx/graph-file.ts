/**
 * An ONNX graph under construction: its inputs, outputs, constants and operations, and the file they make.
 *
 * Shapes are given by whoever adds an operation; {@link GraphBuilder} knows them. Constants are made only when the file is
 * encoded, so a graph can be described or counted without its weights.
 */
import { type Attributes, encodeAttributes } from './attributes.js';
import { dataTypes, encodeModel, type NodeProto, type TensorProto, type ValueInfoProto } from './messages.js';
import { type Dims, type ElementType, elementCount, type TensorInfo } from './tensor.js';

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

/** One operation as it will run. */
export interface Step {
  readonly opType: string;
  readonly inputs: readonly Value[];
  readonly output: Value;
}

/** What a node has beside its inputs. `type` is the output's, by default the first input's. */
export interface NodeOptions {
  readonly type?: ElementType;
  readonly attributes?: Attributes;
}

/** What every graph has, whatever its operations; see {@link GraphBuilder}. */
export class GraphFile {
  readonly #name: string;
  readonly #nodes: NodeProto[] = [];
  readonly #inputs: Value[] = [];
  readonly #outputs: TensorInfo[] = [];
  readonly #initializers = new Map<string, { readonly value: Value; readonly bytes: () => Uint8Array }>();
  readonly #macs: MacEntry[] = [];
  readonly #steps: Step[] = [];
  /** Names of the values that operations made. */
  readonly #made = new Set<string>();
  readonly #renamed = new Map<string, string>();

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

  /** Operations in the order they were added; constants are among their inputs. */
  get steps(): readonly Step[] {
    return this.#steps;
  }

  /** Declares a graph input. */
  input(name: string, type: ElementType, dims: Dims): Value {
    const value = { name, type, dims };
    this.#inputs.push(value);
    return value;
  }

  /** Declares a value as a graph output under a name of its own. */
  output(name: string, value: Value): void {
    this.#outputs.push({ name, type: value.type, dims: value.dims });
    // The operation that makes a value writes the output itself; a value that has a name already is copied.
    if (this.#made.has(value.name) && !this.#renamed.has(value.name)) this.#renamed.set(value.name, name);
    else
      this.#nodes.push({
        name: `copy_${name}`,
        opType: 'Identity',
        input: [value.name],
        output: [name],
        attribute: [],
      });
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
    const value = { name: `v${this.#made.size}`, type: options.type ?? inputs[0]?.type ?? 'float32', dims };
    this.#made.add(value.name);
    this.#steps.push({ opType, inputs: inputs.filter((input) => input !== undefined), output: value });
    this.#nodes.push({
      name: `${opType}_${value.name}`,
      opType,
      input: inputs.map((input) => input?.name ?? ''),
      output: [value.name],
      attribute: encodeAttributes(options.attributes ?? {}),
    });
    return value;
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
        node: this.#nodes.map((node) => ({
          ...node,
          input: node.input.map((name) => this.#renamed.get(name) ?? name),
          output: node.output.map((name) => this.#renamed.get(name) ?? name),
        })),
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

  /** Counts an operation under a label; without one it stays uncounted. */
  protected count(label: string | undefined, macs: number): void {
    if (label !== undefined) this.#macs.push({ label, macs });
  }
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
