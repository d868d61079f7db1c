/**
 * What a model is and what it costs, from its manifest and its graphs; weights are not read.
 */
import { type NetworkCosts, networkCosts } from '../edvr/costs.js';
import type { Size } from '../edvr/geometry.js';
import type { Task } from '../model/manifest.js';
import { findModel, type RegistryOptions } from '../model/registry.js';

/** The document of `limpid inspect --json`. */
export interface Inspection {
  readonly name: string;
  readonly task: Task;
  /** Output size over input size. */
  readonly scale: number;
  /** Frames in a window, 2N+1. */
  readonly window: number;
  readonly parameters: number;
  /** Multiply-accumulates of the one-graph form for frames of `size`; src/edvr/costs.ts has the counting rule. */
  readonly macs: number;
  /** Multiply-accumulates per frame of a stream, pyramids cached. */
  readonly streamingMacs: number;
  /** Frame size the costs hold for, "WxH". */
  readonly size: string;
  readonly outputSize: string;
  /** Frames of look-ahead: how many frames later than its own a frame can be restored. */
  readonly latencyFrames: number;
  /** SPDX expression; null for a network without weights of its own. */
  readonly license: string | null;
  readonly modules: NetworkCosts['modules'];
  /** Bytes of the weights as float32, and of the features that a stream keeps for the frames of a window. */
  readonly memory: { readonly weightBytes: number; readonly pyramidBytes: number };
}

/** Options of {@link inspect}. */
export interface InspectOptions extends RegistryOptions {
  /** Frame size to count for; default 320×180, or 1280×720 where the network's output is not larger than its input. */
  readonly size?: Size | undefined;
}

/** Describes a model or a network of the paper. Throws ERR_MODEL_UNKNOWN, ERR_MODEL_MANIFEST or ERR_FRAME_SIZE. */
export async function inspect(name: string, options: InspectOptions = {}): Promise<Inspection> {
  const card = await findModel(name, options);
  const size = options.size ?? (card.scale === 1 ? { width: 1280, height: 720 } : { width: 320, height: 180 });
  const costs = networkCosts(card.options, size);
  return {
    name: card.name,
    task: card.task,
    scale: card.scale,
    window: card.window,
    parameters: costs.parameters,
    macs: costs.macs,
    streamingMacs: costs.streamingMacs,
    size: `${size.width}x${size.height}`,
    outputSize: `${size.width * card.scale}x${size.height * card.scale}`,
    latencyFrames: card.window - 1 - card.options.centerFrameIdx,
    license: card.license,
    modules: costs.modules,
    memory: { weightBytes: costs.parameters * 4, pyramidBytes: costs.pyramidBytes * card.window },
  };
}
