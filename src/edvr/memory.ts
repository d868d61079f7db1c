/**
 * What a network takes of memory at a frame size, told from its graphs before anything is opened.
 */
import { elementBytes, elementCount } from '../onnx/tensor.js';
import { workingSetBytes } from '../onnx/working-set.js';
import { buildGraph, describeGraphs, type GraphRequest } from './emit.js';
import { notingParameters } from './parameters.js';

/** Bytes, before what an engine adds to them. */
export interface MemoryNeeds {
  /** The features of one frame, kept while the frame is in a window. */
  readonly pyramid: number;
  /** The most that is alive within a run of either graph. */
  readonly working: number;
  /** The restored picture. */
  readonly output: number;
}

/** Throws ERR_FRAME_SIZE. */
export function memoryNeeds(request: GraphRequest): MemoryNeeds {
  const { pyramid, restore } = describeGraphs(request);
  const working = (['pyramid', 'restore'] as const).map((kind) =>
    workingSetBytes(buildGraph(kind, request, notingParameters(new Map()))),
  );
  const bytes = (infos: typeof pyramid.outputs) =>
    infos.reduce((sum, { type, dims }) => sum + elementCount(dims) * elementBytes(type), 0);
  return { pyramid: bytes(pyramid.outputs), working: Math.max(...working), output: bytes([restore.restored]) };
}
