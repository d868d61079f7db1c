/**
 * What a network costs, counted from its graphs.
 *
 * Counting rule: a multiply-accumulate is one product of a weight of the checkpoint with a feature. Counted are all
 * convolutions and the 3×3 product of deformable ones, at the padded size. Not counted: biases, activations, sampling,
 * resizing, pooling, attention products, the skip.
 */
import { elementBytes, elementCount } from '../onnx/tensor.js';
import { buildGraph, describeGraphs, parameterShapes } from './emit.js';
import type { Size } from './geometry.js';
import type { EdvrOptions } from './options.js';
import { notingParameters } from './parameters.js';

/** Sections of the network, in the order a frame passes them. */
export const modules = [
  'predeblur',
  'feature_pyramid',
  'pcd_align',
  'align',
  'fusion',
  'reconstruction',
  'upsampling',
] as const;
export type Module = (typeof modules)[number];

/** Cost of one section, or of the whole. */
export interface Cost {
  readonly parameters: number;
  /** Multiply-accumulates of the one-graph form: the pyramids of all T frames and the restoration. */
  readonly macs: number;
  /** Multiply-accumulates per frame of a stream: one pyramid and the restoration. */
  readonly streamingMacs: number;
}

/** Costs of a network at one frame size. */
export interface NetworkCosts extends Cost {
  readonly modules: readonly (Cost & { readonly name: Module })[];
  /** Bytes of one frame's features, which a stream keeps for every frame of the window. */
  readonly pyramidBytes: number;
}

/** Counts a network's parameters and multiply-accumulates for frames of a size. */
export function networkCosts(options: EdvrOptions, size: Size): NetworkCosts {
  const request = { options, size };
  const macsOf = (kind: 'pyramid' | 'restore' | 'window') =>
    buildGraph(kind, request, notingParameters(new Map())).macs;
  const window = byModule(macsOf('window').map(({ label, macs }) => [label, macs]));
  const streaming = byModule([...macsOf('pyramid'), ...macsOf('restore')].map(({ label, macs }) => [label, macs]));
  const parameters = byModule([...parameterShapes(options)].map(([key, dims]) => [key, elementCount(dims)]));
  const costs = modules
    .filter((name) => parameters.has(name))
    .map((name) => ({
      name,
      parameters: parameters.get(name) ?? 0,
      macs: window.get(name) ?? 0,
      streamingMacs: streaming.get(name) ?? 0,
    }));
  const { outputs } = describeGraphs(request).pyramid;
  return {
    parameters: total(parameters),
    macs: total(window),
    streamingMacs: total(streaming),
    modules: costs,
    pyramidBytes: outputs.reduce((sum, { type, dims }) => sum + elementCount(dims) * elementBytes(type), 0),
  };
}

/** The section that a checkpoint key belongs to. */
export function moduleOf(key: string): Module {
  const [first = ''] = key.split('.');
  const named = (['predeblur', 'pcd_align', 'align', 'fusion', 'reconstruction'] as const).find(
    (name) => name === first,
  );
  if (named !== undefined) return named;
  if (first === 'conv_reconstruct') return 'reconstruction';
  if (first === 'conv_hr' || first === 'conv_last' || first.startsWith('upconv')) return 'upsampling';
  return 'feature_pyramid';
}

function byModule(entries: readonly (readonly [key: string, amount: number])[]): ReadonlyMap<Module, number> {
  const sums = new Map<Module, number>();
  for (const [key, amount] of entries) sums.set(moduleOf(key), (sums.get(moduleOf(key)) ?? 0) + amount);
  return sums;
}

function total(sums: ReadonlyMap<Module, number>): number {
  return [...sums.values()].reduce((sum, amount) => sum + amount, 0);
}
