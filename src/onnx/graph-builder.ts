/**
 * The operations that the project's graphs are made of. Each knows the shape of what it gives.
 */
import { GraphFile, type Value } from './graph-file.js';
import { dataTypes } from './messages.js';
import { broadcastDims, type ConvShape, convMacs, convOutputDims } from './shapes.js';
import { type Dims, type ElementType, sameDims } from './tensor.js';

/** How a convolution runs. `label` makes its multiply-accumulates count; without it the operation is uncounted. */
export interface ConvOptions extends Partial<ConvShape> {
  readonly label?: string;
}

/**
 * Builds an ONNX graph in memory, operation by operation, with every shape known. Convolutions are counted.
 *
 *     const graph = new GraphBuilder('double');
 *     const x = graph.input('x', 'float32', [1, 3, 4, 6]);
 *     graph.output('y', graph.add(x, x));
 *     const bytes = graph.encode();
 */
export class GraphBuilder extends GraphFile {
  /** Convolution (n, c, h, w) → (n, o, h', w'); weight (o, c, kh, kw). Pads are zeros, equal on all sides. */
  conv(x: Value, weight: Value, bias: Value | undefined, options: ConvOptions = {}): Value {
    const shape = convShape(options);
    const dims = convOutputDims(x.dims, weight.dims, shape);
    this.count(options.label, convMacs(dims, weight.dims));
    const inputs = bias === undefined ? [x, weight] : [x, weight, bias];
    const attributes = convAttributes(weight.dims, shape);
    return this.node('Conv', inputs, dims, { attributes });
  }

  /**
   * Modulated deformable convolution, (n, c, H, W) → (n, o, h, w). `offset` (n, 2·groups·kh·kw, h, w), per tap Δy then Δx;
   * `mask` (n, groups·kh·kw, h, w), after its sigmoid. Counted as the product alone: sampling is not a product.
   */
  deformConv(x: Value, weight: Value, bias: Value, sampling: DeformSampling, options: ConvOptions = {}): Value {
    const shape = convShape(options);
    const dims = convOutputDims(x.dims, weight.dims, shape);
    this.count(options.label, convMacs(dims, weight.dims));
    const attributes = { ...convAttributes(weight.dims, shape), offset_group: sampling.groups };
    const { offset, mask } = sampling;
    const inputs = [x, weight, offset, bias, ...(mask === undefined ? [] : [mask])];
    return this.node('DeformConv', inputs, dims, { attributes });
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

  sub(a: Value, b: Value): Value {
    return this.node('Sub', [a, b], broadcastDims(a.dims, b.dims));
  }

  div(a: Value, b: Value): Value {
    return this.node('Div', [a, b], broadcastDims(a.dims, b.dims));
  }

  floor(x: Value): Value {
    return this.node('Floor', [x], x.dims);
  }

  clip(x: Value, least: number, most: number): Value {
    return this.node('Clip', [x, this.scalar(least), this.scalar(most)], x.dims);
  }

  /** The place of the least element along an axis, which becomes 1: int64. The first of several. */
  argMin(x: Value, axis: number): Value {
    return this.node('ArgMin', [x], x.dims.with(axis, 1), { type: 'int64', attributes: { axis, keepdims: 1 } });
  }

  /** Σ x² over all elements: any shape → one element with as many axes. A NaN or an infinity among them shows. */
  sumOfSquares(x: Value): Value {
    return this.node(
      'ReduceSumSquare',
      [x],
      x.dims.map(() => 1),
      { attributes: { keepdims: 1 } },
    );
  }

  /** max |x| over all elements: any shape → one element with as many axes. */
  largest(x: Value): Value {
    const magnitude = this.node('Abs', [x], x.dims);
    return this.node(
      'ReduceMax',
      [magnitude],
      x.dims.map(() => 1),
      { attributes: { keepdims: 1 } },
    );
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

  /** Elements [from, to) of one axis. */
  slice(x: Value, axis: number, from: number, to: number): Value {
    if (from === 0 && to === x.dims[axis]) return x;
    const inputs = [x, this.ints([from]), this.ints([to]), this.ints([axis])];
    return this.node('Slice', inputs, x.dims.with(axis, to - from));
  }

  /** The elements of each given axis in opposite order. */
  flip(x: Value, axes: readonly number[]): Value {
    if (axes.length === 0) return x;
    const each = (value: number) => this.ints(axes.map(() => value));
    // An end beyond the first element: the axis is walked down to it, whatever its size.
    const inputs = [x, each(-1), each(-(2 ** 31)), this.ints(axes), each(-1)];
    return this.node('Slice', inputs, x.dims);
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

  /** The mean of (kh, kw) windows; what lies outside is not counted: (n, c, h, w) → (n, c, h', w'). */
  averagePool(x: Value, kernel: Pair, stride: Pair, pad: Pair): Value {
    const [n = 1, c = 1] = x.dims;
    const [, , h = 1, w = 1] = convOutputDims(x.dims, [c, c, ...kernel], { stride, pad });
    return this.node('AveragePool', [x], [n, c, h, w], {
      attributes: { kernel_shape: kernel, pads: [...pad, ...pad], strides: stride },
    });
  }

  /** Bilinear samples of (n, c, h, w) at `grid` (n, h', w', 2): x, then y, −1 and 1 the outer edges; beyond them, the edge. */
  gridSample(x: Value, grid: Value): Value {
    const [n = 1, c = 1] = x.dims;
    const [, h = 1, w = 1] = grid.dims;
    return this.node('GridSample', [x, grid], [n, c, h, w], {
      attributes: { mode: 'bilinear', padding_mode: 'border', align_corners: 0 },
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
}

/** Stride 1 and no padding unless told otherwise. */
function convShape({ stride = [1, 1], pad = [0, 0] }: ConvOptions): ConvShape {
  return { stride, pad };
}

function convAttributes(weight: Dims, { stride, pad }: ConvShape) {
  return { kernel_shape: weight.slice(2), pads: [...pad, ...pad], strides: stride };
}

/** Down and across. */
type Pair = readonly [y: number, x: number];

/** Where a deformable convolution samples. */
export interface DeformSampling {
  readonly offset: Value;
  /** None weighs every tap alike. */
  readonly mask?: Value;
  readonly groups: number;
}
