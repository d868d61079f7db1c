/**
 * Where a neighbour's pixels are: pyramidal Lucas–Kanade (Bouguet 2001) after a search of whole pixels at the coarsest
 * level. Nothing here is learnt.
 *
 *     luma 1/4   search ±3 ─▶ Lucas–Kanade ─×2─▶  luma 1/2   Lucas–Kanade ─×2─▶  luma 1   Lucas–Kanade ─▶ flow
 *     flow's grid       1/4            1/4                       1/4                        1/2              1
 *
 * Planes are (1, 1, h, w), luma in [0, 1]; flow is (1, 2, h, w), Δy and Δx in pixels of its level, from the reference to
 * the neighbour.
 */
import type { GraphBuilder } from '../onnx/graph-builder.js';
import type { Initializer, Value } from '../onnx/graph-file.js';
import { convOverPixels } from './frame-input.js';
import type { Network } from './network.js';
import type { EdvrOptions } from './options.js';

/** Levels of luma, finest first: the finest, a half, a quarter of it. */
export const lumaLevels = ['luma1', 'luma2', 'luma4'] as const;
export type LumaLevel = (typeof lumaLevels)[number];

/** Gives a frame's luma at a level. */
type Lumas = (level: LumaLevel) => Value;

const LUMA = [0.299, 0.587, 0.114];
interface LevelPlan {
  /** How much smaller than the finest the level is. */
  readonly size: number;
  /** Pixels of the level between the places where the flow is asked for: it is smooth. */
  readonly spacing: number;
  readonly iterations: number;
  /** Places of that grid that are taken to move alike. */
  readonly window: number;
  /** Places over which the flow is averaged after each iteration. */
  readonly smoothing: number;
}

const PLANS: Readonly<Record<LumaLevel, LevelPlan>> = {
  luma4: { size: 4, spacing: 1, iterations: 3, window: 9, smoothing: 5 },
  luma2: { size: 2, spacing: 2, iterations: 2, window: 3, smoothing: 3 },
  luma1: { size: 1, spacing: 2, iterations: 2, window: 3, smoothing: 3 },
};
/** Whole pixels searched each way at the coarsest level. */
const REACH = 3;
/** Pixels of the coarsest level that are compared there. */
const COMPARED = 5;
/** Added to the diagonal: what has no texture stays where the coarser level saw it. */
const DAMPING = 1e-4;
const LONGEST_STEP = 1;
/** Of two places that look the same, the nearer one. */
const DISTANCE_COST = 1e-6;
/** Half of a binomial: what softens the luma. */
const SOFT = [0.25, 0.5, 0.25];

/** How far around a pixel of the finest luma the flow looks where nothing moves: the windows, each at its level, one after the other. */
export const flowReach = reach();

/** How much smaller than the frame the finest luma is, so that the flow's finest grid is that of features at 1/stride. */
export function lumaShrink({ featureStride }: EdvrOptions): number {
  return Math.max(1, featureStride / PLANS.luma1.spacing);
}

/** How much smaller than the frame a level of luma is. */
export function lumaReduction(options: EdvrOptions, level: LumaLevel): number {
  return lumaShrink(options) * PLANS[level].size;
}

/** The luma of a frame, uint8 (H, W, 3), at its finest size, a little softened → (1, 1, h, w), and its halves. */
export function lumaLevel(net: Network, pixels: Value, level: LumaLevel, finer: Lumas): Value {
  const { graph } = net;
  if (level !== 'luma1') return graph.averagePool(finer(level === 'luma2' ? 'luma1' : 'luma2'), [2, 2], [2, 2], [0, 0]);
  const side = lumaShrink(net.options);
  const weight = constant(
    'luma',
    [1, 3, side, side],
    LUMA.flatMap((share) => Array.from({ length: side * side }, () => share / (255 * side * side))),
  );
  const luma = convOverPixels(net, pixels, weight, undefined, { stride: side, pad: 0 });
  const kernel = constant(
    'luma/soft',
    [1, 1, 3, 3],
    SOFT.flatMap((row) => SOFT.map((column) => row * column)),
  );
  return graph.conv(edged(graph, luma, 1), graph.initializer(kernel), undefined);
}

/** The flow from the reference's luma to the neighbour's, (1, 2, h, w) at the size of L1, Δy and Δx in pixels of the frame. */
export function opticalFlow({ graph, options }: Network, reference: Lumas, neighbour: Lumas): Value {
  const finer = (level: LumaLevel, flow: Value) =>
    refined(graph, reference(level), neighbour(level), flow, PLANS[level]);
  const doubled = (flow: Value) => graph.mul(flow, number(graph, 2));
  const coarsest = finer('luma4', searched(graph, reference('luma4'), neighbour('luma4')));
  const middle = finer('luma2', doubled(coarsest));
  const finest = finer('luma1', doubled(graph.upsample(middle, 2)));
  if (options.featureStride === 1) return graph.upsample(finest, PLANS.luma1.spacing);
  const shrink = lumaShrink(options);
  return shrink === 1 ? finest : graph.mul(finest, number(graph, shrink));
}

/** `plane` (1, c, h, w) where `flow` (1, 2, h, w) points, bilinear; beyond the edge, the edge. */
export function sampled(graph: GraphBuilder, plane: Value, flow: Value): Value {
  const [, , h = 0, w = 0] = flow.dims;
  // Half-pixel normalisation: pixel p lies at (2p + 1) / size − 1; x comes before y.
  const axis = (index: 0 | 1, size: number, dims: readonly number[]) => {
    const places = constant(
      `sampled/${index}/${size}`,
      dims,
      Array.from({ length: size }, (_, p) => (2 * p + 1) / size - 1),
    );
    const moved = graph.mul(graph.slice(flow, 1, index, index + 1), number(graph, 2 / size));
    return graph.reshape(graph.add(moved, graph.initializer(places)), [1, h, w, 1]);
  };
  return graph.gridSample(plane, graph.concat([axis(1, w, [1, 1, 1, w]), axis(0, h, [1, 1, h, 1])], 3));
}

/** The whole-pixel displacement within ±3 whose window differs least, averaged. */
function searched(graph: GraphBuilder, reference: Value, neighbour: Value): Value {
  const side = 2 * REACH + 1;
  const shifts = Array.from({ length: side ** 4 }, (_, i) => (i % (side * side + 1) === 0 ? 1 : 0));
  const distances = Array.from({ length: side * side }, (_, place) => {
    const [dy, dx] = [Math.floor(place / side) - REACH, (place % side) - REACH];
    return DISTANCE_COST * (dy * dy + dx * dx);
  });
  const kernel = graph.initializer(constant('search/shifts', [side * side, 1, side, side], shifts));
  const difference = graph.sub(graph.conv(edged(graph, neighbour, REACH), kernel, undefined), reference);
  const distance = graph.initializer(constant('search/distances', [1, side * side, 1, 1], distances));
  const best = graph.argMin(graph.add(averaged(graph, graph.mul(difference, difference), COMPARED), distance), 1);
  const place = graph.cast(best, 'float32');
  const row = graph.floor(graph.mul(graph.add(place, number(graph, 0.5)), number(graph, 1 / side)));
  const column = graph.sub(place, graph.mul(row, number(graph, side)));
  return averaged(graph, graph.sub(graph.concat([row, column], 1), number(graph, REACH)), PLANS.luma4.smoothing);
}

/** Lucas–Kanade at one level: the step that brings the windows together to first order, again and again. */
function refined(graph: GraphBuilder, reference: Value, neighbour: Value, begin: Value, plan: LevelPlan): Value {
  const { spacing, window, smoothing } = plan;
  const windowed = (plane: Value) => {
    const thinned = spacing === 1 ? plane : graph.averagePool(plane, [spacing, spacing], [spacing, spacing], [0, 0]);
    return averaged(graph, thinned, window);
  };
  const around = edged(graph, reference, 1);
  const gy = graph.conv(
    around,
    graph.initializer(constant('gradient/y', [1, 1, 3, 3], [0, -0.5, 0, 0, 0, 0, 0, 0.5, 0])),
    undefined,
  );
  const gx = graph.conv(
    around,
    graph.initializer(constant('gradient/x', [1, 1, 3, 3], [0, 0, 0, -0.5, 0, 0.5, 0, 0, 0])),
    undefined,
  );
  const products = graph.concat([graph.mul(gy, gy), graph.mul(gx, gx), graph.mul(gy, gx)], 1);
  const damping = graph.initializer(constant('damping', [1, 3, 1, 1], [DAMPING, DAMPING, 0]));
  const tensor = graph.add(windowed(products), damping);
  const [yy, xx, xy] = [0, 1, 2].map((i) => graph.slice(tensor, 1, i, i + 1)) as [Value, Value, Value];
  const determinant = graph.sub(graph.mul(yy, xx), graph.mul(xy, xy));
  // The inverse of the structure tensor, negative, for [Δy, Δx] = inverse · [along y, along x].
  const own = graph.div(graph.mul(graph.concat([xx, yy], 1), number(graph, -1)), determinant);
  const other = graph.div(xy, determinant);
  const gradient = graph.concat([gy, gx], 1);
  let flow = begin;
  for (let i = 0; i < plan.iterations; i++) {
    const everywhere = spacing === 1 ? flow : graph.upsample(flow, spacing);
    const difference = graph.sub(sampled(graph, neighbour, everywhere), reference);
    const along = windowed(graph.mul(gradient, difference));
    const across = graph.concat([graph.slice(along, 1, 1, 2), graph.slice(along, 1, 0, 1)], 1);
    const step = graph.add(graph.mul(own, along), graph.mul(other, across));
    flow = averaged(graph, graph.add(flow, graph.clip(step, -LONGEST_STEP, LONGEST_STEP)), smoothing);
  }
  return flow;
}

function reach(): number {
  // Each iteration looks a gradient, a window and the averaging further; upsampling a place of the grid to its side.
  const search = REACH + (COMPARED >> 1) + (PLANS.luma4.smoothing >> 1);
  const ofLevel = ({ size, spacing, iterations, window, smoothing }: LevelPlan) =>
    size * (iterations * (1 + spacing * ((window >> 1) + (smoothing >> 1) + 1)) + 1);
  return 4 * search + Object.values(PLANS).reduce((sum, plan) => sum + ofLevel(plan), 0) + 1;
}

/** The mean of a square window, of what of it lies in the picture. */
function averaged(graph: GraphBuilder, plane: Value, window: number): Value {
  const reach = window >> 1;
  const rows = graph.averagePool(plane, [window, 1], [1, 1], [reach, 0]);
  return graph.averagePool(rows, [1, window], [1, 1], [0, reach]);
}

/** Padded on all sides by repeating the edge. */
function edged(graph: GraphBuilder, plane: Value, by: number): Value {
  return graph.pad(plane, [0, 0, by, by], [0, 0, by, by], 'edge');
}

function number(graph: GraphBuilder, value: number): Value {
  return graph.initializer(constant(`number/${value}`, [1, 1, 1, 1], [value]));
}

function constant(name: string, dims: readonly number[], values: readonly number[]): Initializer {
  return { name: `lucas_kanade/${name}`, dims, values: () => Float32Array.from(values) };
}
