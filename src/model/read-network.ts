/**
 * A network out of a checkpoint of any family: weights under released names, and the options they fit.
 *
 *     bytes ─▶ openCheckpoint ─▶ released keys ─▶ options from shapes ─▶ every tensor found, every key used ─▶ values
 */
import { type Checkpoint, openCheckpoint } from '../checkpoint/checkpoint.js';
import { checkShapes, checkWeights } from '../edvr/check-weights.js';
import { type EdvrOptions, type EdvrOptionsInput, parseOptions } from '../edvr/options.js';
import type { EdvrWeights } from '../edvr/parameters.js';
import { inferOptions } from './infer-options.js';
import { releasedKeys } from './released-keys.js';

/** How a checkpoint is read. */
export interface ReadNetworkOptions {
  /** All options that differ from the paper's network, where they are known; default: read off the shapes. */
  readonly options?: EdvrOptionsInput | undefined;
  /** Options that override those read off the shapes, or that leave no trace there. */
  readonly set?: EdvrOptionsInput | undefined;
  /** Key under which the weights stand; by default the first of `sections` that is there. */
  readonly section?: string | undefined;
}

/** A whole network. */
export interface ReadNetwork {
  readonly format: Checkpoint['format'];
  /** Key under which the weights stood; undefined at top level. */
  readonly section: string | undefined;
  /** What differs from the paper's network, as a manifest states it. */
  readonly stated: EdvrOptionsInput;
  readonly options: EdvrOptions;
  readonly weights: EdvrWeights;
}

/**
 * Reads a network. Shapes are checked before any tensor is read. Throws ERR_CHECKPOINT for a file that is none,
 * ERR_MODEL_MANIFEST for options that are none, ERR_MODEL_WEIGHTS naming the first few keys that are missing, unused, of
 * another shape or not finite. `where` names the file in messages.
 */
export function readNetwork(file: Uint8Array, where: string, how: ReadNetworkOptions = {}): ReadNetwork {
  const { format, section, tensors } = openCheckpoint(file, where, how.section);
  const network = [...releasedKeys(tensors.keys(), where)].flatMap(([key, inFile]) => {
    const tensor = tensors.get(inFile);
    return tensor === undefined ? [] : [[key, tensor] as const];
  });
  const shapes = new Map(network.map(([key, { dims }]) => [key, dims]));
  const stated = { ...(how.options ?? inferOptions(shapes, where)), ...how.set };
  const options = parseOptions(stated, where);
  checkShapes(options, shapes, where);
  const weights = new Map(network.map(([key, tensor]) => [key, tensor.read()]));
  checkWeights(options, weights, where);
  return { format, section, stated, options, weights };
}
