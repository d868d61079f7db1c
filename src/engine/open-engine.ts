/**
 * Opens the engine of a model: the one door to the kinds.
 */
import { loadModel } from '../model/registry.js';
import { BypassEngine } from './bypass-engine.js';
import type { Engine } from './engine.js';
import { OnnxRuntimeEngine } from './onnxruntime-engine.js';

/** Options of {@link openEngine}. */
export interface OpenEngineOptions {
  /** Where models lie; default: the models folder of the package. */
  readonly modelsDir?: string;
  /** Threads within one operator of onnxruntime; default: the cores of the machine, at most 4. */
  readonly threads?: number;
  /** false: the form without the incremental halves, to compare with; default true. */
  readonly incremental?: boolean;
}

/** Scale of `bypass`, which has no model to say it. */
const BYPASS_SCALE = 4;

/**
 * Opens a model of the registry, or `bypass`. The model is read and verified here, so that a wrong name or a damaged file
 * is known before the first frame; its sessions open with the first frame of each size.
 *
 * Throws ERR_MODEL_UNKNOWN, ERR_MODEL_MANIFEST, ERR_MODEL_CHECKSUM, ERR_MODEL_WEIGHTS.
 */
export async function openEngine(name: string, options: OpenEngineOptions = {}): Promise<Engine> {
  if (name === 'bypass') {
    return new BypassEngine(BYPASS_SCALE);
  }
  const { modelsDir, threads, incremental } = options;
  const { scale, window, padding } = await loadModel(name, { modelsDir });
  return new OnnxRuntimeEngine({
    model: name,
    scale,
    window,
    padding,
    ...(modelsDir === undefined ? {} : { modelsDir }),
    ...(threads === undefined ? {} : { threads }),
    ...(incremental === undefined ? {} : { incremental }),
  });
}
