/**
 * The small graphs that work on whole pictures: turning, averaging, rounding, joining tiles. Pictures are (h, w, 3).
 */
import { GraphBuilder } from '../onnx/graph-builder.js';
import type { Value } from '../onnx/graph-file.js';
import type { Dims } from '../onnx/tensor.js';

/** How a picture is turned: transposed first, where it says so, then mirrored. */
export interface Orientation {
  readonly transpose: boolean;
  readonly flipX: boolean;
  readonly flipY: boolean;
}

const bits = [false, true];

/** The picture as it is, mirrored left to right, top to bottom, both; then the same of the transposed picture. */
export const orientations: readonly Orientation[] = bits.flatMap((transpose) =>
  bits.flatMap((flipY) => bits.map((flipX) => ({ transpose, flipX, flipY }))),
);

/** 'xy', 'tx' …; '' for the picture as it is. */
export function orientationName({ transpose, flipX, flipY }: Orientation): string {
  return `${transpose ? 't' : ''}${flipX ? 'x' : ''}${flipY ? 'y' : ''}`;
}

/** A picture's sizes, turned. */
export function turnedDims([h = 0, w = 0, c = 0]: Dims, { transpose }: Orientation): Dims {
  return transpose ? [w, h, c] : [h, w, c];
}

/** Input `picture`, uint8 (h, w, 3); output `turned`. */
export function turnGraph(dims: Dims, orientation: Orientation): GraphBuilder {
  const graph = new GraphBuilder('turn');
  const picture = graph.input('picture', 'uint8', dims);
  const upright = orientation.transpose ? graph.transpose(picture, [1, 0, 2]) : picture;
  graph.output('turned', graph.flip(upright, flippedAxes(orientation)));
  return graph;
}

/**
 * Inputs `picture0` …, float32, each turned as its orientation says; output `mean`, float32 (h, w, 3): the mean of the
 * pictures, each turned back.
 */
export function meanGraph(dims: Dims, turned: readonly Orientation[]): GraphBuilder {
  const graph = new GraphBuilder('mean');
  const upright = turned.map((orientation, i) => {
    const picture = graph.input(`picture${i}`, 'float32', turnedDims(dims, orientation));
    const flipped = graph.flip(picture, flippedAxes(orientation));
    return orientation.transpose ? graph.transpose(flipped, [1, 0, 2]) : flipped;
  });
  const sum = upright.reduce((total, picture) => graph.add(total, picture));
  graph.output('mean', graph.mul(sum, graph.scalar(1 / turned.length)));
  return graph;
}

/** Input `picture`, float32, 0–1; output `rounded`, uint8: clamped, rounded half to even, as the networks do it. */
export function roundGraph(dims: Dims): GraphBuilder {
  const graph = new GraphBuilder('round');
  const levels = graph.mul(graph.input('picture', 'float32', dims), graph.scalar(255));
  const inputs = [levels, graph.scalar(1), graph.byte(0)];
  graph.output('rounded', graph.node('QuantizeLinear', inputs, dims, { type: 'uint8' }));
  return graph;
}

/** A stretch of an axis where one part gives way to the next, in coordinates of each. */
export interface Seam {
  /** Where the stretch begins in the part before it. */
  readonly before: number;
  /** Where it begins in the part after it. */
  readonly after: number;
  readonly length: number;
}

/**
 * Inputs `part0` …, float32, in order along `axis` (0: one below the other, 1: side by side); output `joined`. Across a
 * seam the weights of the two parts rise and fall linearly; what a part has beyond its seams is left out.
 */
export function joinGraph(axis: 0 | 1, parts: readonly Dims[], seams: readonly Seam[]): GraphBuilder {
  const graph = new GraphBuilder('join');
  const inputs = parts.map((dims, i) => graph.input(`part${i}`, 'float32', dims));
  const pieces: Value[] = [];
  for (const [i, part] of inputs.entries()) {
    const entry = seams[i - 1];
    const exit = seams[i];
    const from = entry === undefined ? 0 : entry.after + entry.length;
    const to = exit === undefined ? (part.dims[axis] ?? 0) : exit.before;
    if (to > from) pieces.push(graph.slice(part, axis, from, to));
    const next = inputs[i + 1];
    if (exit !== undefined && next !== undefined && exit.length > 0) {
      pieces.push(blended(graph, axis, part, next, exit));
    }
  }
  graph.output('joined', graph.concat(pieces, axis));
  return graph;
}

/** part + (next − part) · weight, the weight rising from one part to the other. */
function blended(graph: GraphBuilder, axis: 0 | 1, part: Value, next: Value, seam: Seam): Value {
  const { before, after, length } = seam;
  const from = graph.slice(part, axis, before, before + length);
  const to = graph.slice(next, axis, after, after + length);
  const rising = (name: string, weight: (i: number) => number) =>
    graph.initializer({
      name: `${name}_${length}`,
      dims: axis === 0 ? [length, 1, 1] : [length, 1],
      values: () => Float32Array.from({ length }, (_, i) => weight((i + 0.5) / length)),
    });
  return graph.add(
    graph.mul(
      from,
      rising('falling', (x) => 1 - x),
    ),
    graph.mul(
      to,
      rising('rising', (x) => x),
    ),
  );
}

/** Axes along which an orientation mirrors. */
function flippedAxes({ flipX, flipY }: Orientation): readonly number[] {
  return [...(flipY ? [0] : []), ...(flipX ? [1] : [])];
}
