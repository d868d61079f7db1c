/**
 * EDVR as ONNX graphs for one exact frame size.
 *
 *     pyramid   frame ─▶ features                                       once per frame of a stream
 *     restore   features of T frames + the reference frame ─▶ restored   once per restored frame
 *     window    T frames ─▶ restored                                     both in one graph
 *     upscale   the reference frame ─▶ itself, upscaled                  what the network adds to, shown in its stead
 *
 * Frames are uint8 (h, w, 3), RGB; conversion, padding, clamp, rounding, crop and layout are inside the graphs.
 */
import { GraphBuilder } from '../onnx/graph-builder.js';
import type { Value } from '../onnx/graph-file.js';
import type { Dims, TensorInfo } from '../onnx/tensor.js';
import { align } from './align.js';
import { type FeatureName, type Features, featureNames, featurePyramid, once } from './feature-pyramid.js';
import { frameInput } from './frame-input.js';
import { type OutputType, restoredPicture, upscaledPicture } from './frame-output.js';
import { type Geometry, geometryOf, type Size } from './geometry.js';
import { lumaReduction } from './lucas-kanade.js';
import type { Network } from './network.js';
import { type OffsetField, type OffsetReport, reportOffsets } from './offset-watch.js';
import type { EdvrOptions } from './options.js';
import { type EdvrWeights, notingParameters, type ParameterSource, parametersFrom } from './parameters.js';
import { reconstruct } from './reconstruct.js';
import { fuse } from './tsa-fusion.js';

export type GraphKind = 'pyramid' | 'restore' | 'window' | 'upscale';

/** What a graph is emitted for. */
export interface GraphRequest {
  readonly options: EdvrOptions;
  /** Size of the frames as they come; need not be a multiple of anything. */
  readonly size: Size;
  /** Element type of `restored`; uint8 by default. */
  readonly output?: OutputType;
  /**
   * Whether the first offset convolutions over [neighbour, reference] are evaluated as the sum of two halves, both
   * computed with the pyramid, once per frame: the same result. Default: yes for pyramid and restore, no for window,
   * which then is the network as the paper draws it.
   */
  readonly incremental?: boolean;
  /**
   * Whether the restore graph has an input `strength`, float32 (1, 1, 1, 1): 1 restores, 0 is the upscaled reference,
   * what lies between is between them. Default: no.
   */
  readonly strength?: boolean;
  /** What the restore graph reports of its offsets; nothing by default. */
  readonly offsets?: OffsetReport;
}

/** An input of the restore graph that is an output of the pyramid graph for one frame of the window. */
export interface FeatureInput extends TensorInfo {
  /** Place of the frame in the window. */
  readonly position: number;
  /** Name of the pyramid graph's output. */
  readonly feature: FeatureName;
}

/** Names, types and shapes of the graphs' inputs and outputs, so that an engine can allocate and cache. */
export interface GraphDescriptions {
  /** Input `frame`; outputs the features of one frame. */
  readonly pyramid: { readonly frame: TensorInfo; readonly outputs: readonly TensorInfo[] };
  /** Inputs `frame` (the reference's picture) and features; only those that the graph uses. */
  readonly restore: {
    readonly frame: TensorInfo;
    readonly features: readonly FeatureInput[];
    readonly restored: TensorInfo;
    /** The fields that `offset_energy` and `offset_largest` report on, in that order. */
    readonly offsets: readonly OffsetField[];
  };
  /** One frame input for each place in the window. */
  readonly window: { readonly frames: readonly TensorInfo[]; readonly restored: TensorInfo };
}

/** The ONNX file of a graph. Throws ERR_MODEL_WEIGHTS where the weights do not fit, ERR_FRAME_SIZE for a bad size. */
export function emitGraph(kind: GraphKind, request: GraphRequest, weights: EdvrWeights): Uint8Array {
  return buildGraph(kind, request, parametersFrom(weights)).encode();
}

/** A graph before it is encoded: its shapes and its multiply-accumulates can be read. */
export function buildGraph(
  kind: GraphKind,
  request: GraphRequest,
  parameter: ParameterSource,
  onOffsets?: Network['onOffsets'],
): GraphBuilder {
  const net: Network = {
    graph: new GraphBuilder(`edvr-${kind}`),
    options: request.options,
    parameter,
    ...(onOffsets === undefined ? {} : { onOffsets }),
  };
  const geometry = geometryOf(request.options, request.size);
  switch (kind) {
    case 'pyramid':
      buildPyramid(net, geometry, request);
      break;
    case 'restore':
      buildRestore(net, geometry, request);
      break;
    case 'window':
      buildWindow(net, geometry, request);
      break;
    case 'upscale':
      buildUpscale(net, geometry, request);
      break;
  }
  return net.graph;
}

/** Inputs and outputs of the three graphs. */
export function describeGraphs(request: GraphRequest): GraphDescriptions {
  const offsets: OffsetField[] = [];
  const [pyramid, restore, window] = (['pyramid', 'restore', 'window'] as const).map((kind) =>
    buildGraph(kind, request, notingParameters(new Map()), (offset, key) => {
      if (kind === 'restore') offsets.push({ key, dims: offset.dims });
    }),
  );
  const [frame] = pyramid?.inputs ?? [];
  const [reference, ...features] = restore?.inputs ?? [];
  const [restored] = restore?.outputs ?? [];
  if (!pyramid || !window || !frame || !reference || !restored) throw new RangeError('a graph has no input or output');
  return {
    pyramid: { frame, outputs: pyramid.outputs },
    restore: { frame: reference, features: features.map(featureInput), restored, offsets },
    window: { frames: window.inputs, restored },
  };
}

/** Every checkpoint key of a network with its shape. */
export function parameterShapes(options: EdvrOptions): ReadonlyMap<string, Dims> {
  const shapes = new Map<string, Dims>();
  buildGraph('window', { options, size: { width: 16, height: 16 } }, notingParameters(shapes));
  return shapes;
}

function buildPyramid(net: Network, geometry: Geometry, request: GraphRequest): void {
  const features = featurePyramid(net, frameInput(net, 'frame', geometry));
  for (const name of featureNames(net.options, request.incremental ?? true)) net.graph.output(name, features(name));
}

function buildRestore(net: Network, geometry: Geometry, request: GraphRequest): void {
  const pixels = frameInput(net, 'frame', geometry);
  const pyramids = Array.from({ length: net.options.numFrame }, (_, position) =>
    once((name: FeatureName) => net.graph.input(`${position}.${name}`, 'float32', featureDims(net, geometry, name))),
  );
  const offsets: Value[] = [];
  const onOffsets: Network['onOffsets'] = (offset, key) => {
    offsets.push(offset);
    net.onOffsets?.(offset, key);
  };
  const strength = request.strength ? { strength: net.graph.input('strength', 'float32', [1, 1, 1, 1]) } : {};
  restoreWindow({ ...net, ...strength, onOffsets }, pyramids, pixels, geometry, { incremental: true, ...request });
  if (request.offsets !== undefined) reportOffsets(net.graph, offsets, request.offsets);
}

function buildWindow(net: Network, geometry: Geometry, request: GraphRequest): void {
  const frames = Array.from({ length: net.options.numFrame }, (_, position) =>
    frameInput(net, `frame${position}`, geometry),
  );
  const pixels = frames[net.options.centerFrameIdx];
  if (pixels === undefined) throw new RangeError('the reference lies in the window');
  const pyramids = frames.map((frame) => featurePyramid(net, frame));
  restoreWindow(net, pyramids, pixels, geometry, { incremental: false, ...request });
}

function buildUpscale(net: Network, geometry: Geometry, { output = 'uint8' }: GraphRequest): void {
  net.graph.output('restored', upscaledPicture(net, frameInput(net, 'frame', geometry), geometry, output));
}

/** Alignment, fusion, reconstruction, tail: the pyramids of T frames → output `restored`. */
function restoreWindow(
  net: Network,
  pyramids: readonly Features[],
  pixels: Value,
  geometry: Geometry,
  { incremental, output = 'uint8' }: { readonly incremental: boolean; readonly output?: OutputType },
): void {
  const center = net.options.centerFrameIdx;
  const reference = pyramids[center];
  if (reference === undefined) throw new RangeError('the reference lies in the window');
  const aligned = pyramids.map((frame, position) =>
    position === center && !net.options.alignReference ? frame('l1') : align(net, frame, reference, incremental),
  );
  const fused = fuse(net, aligned, aligned[center] ?? reference('l1'));
  const features = reconstruct(net, fused, pixels);
  net.graph.output('restored', restoredPicture(net, features, pixels, geometry, output));
}

function featureDims({ options }: Network, { l1, padded }: Geometry, name: FeatureName): Dims {
  const planes = (channels: number, { width, height }: Size, divisor: number): Dims => [
    1,
    channels,
    height / divisor,
    width / divisor,
  ];
  switch (name) {
    case 'pixels':
      return planes(3, padded, 1);
    case 'luma1':
    case 'luma2':
    case 'luma4':
      return planes(1, padded, lumaReduction(options, name));
    default:
      return planes(options.numFeat, l1, name.endsWith('l3') ? 4 : name.endsWith('l2') ? 2 : 1);
  }
}

function featureInput(info: TensorInfo): FeatureInput {
  const [position = '', ...name] = info.name.split('.');
  return { ...info, position: Number(position), feature: name.join('.') as FeatureName };
}
