/**
 * Opens the engine of a model: the one door to the kinds and their decorators.
 */
import type { Size } from '../edvr/geometry.js';
import { loadModel } from '../model/registry.js';
import { BudgetedEngine } from './budgeted-engine.js';
import { BypassEngine } from './bypass-engine.js';
import type { Engine } from './engine.js';
import { type FloatEngine, OnnxRuntimeFloatEngine } from './float-engine.js';
import { FrameMemory } from './frame-memory.js';
import type { MemoryBudget } from './memory-budget.js';
import { OnnxRuntimeEngine } from './onnxruntime-engine.js';
import { PictureOps } from './picture-ops.js';
import { RoundedEngine } from './rounded-engine.js';
import { type SelfEnsemble, SelfEnsembleEngine } from './self-ensemble-engine.js';
import type { WorkerHosting } from './size-worker.js';
import { SizedEngine } from './sized-engine.js';
import { TiledEngine } from './tiled-engine.js';

/** Options of {@link openEngine}. */
export interface OpenEngineOptions {
  /** Where models lie; default: the models folder of the package. */
  readonly modelsDir?: string | undefined;
  /** How workers for whole frames are run; default: in threads. Tiles and turned passes always are. */
  readonly hosting?: WorkerHosting | undefined;
  /** Threads within one operator of onnxruntime; default: the cores of the machine, at most 4. */
  readonly threads?: number | undefined;
  /** false: the form without the incremental halves, to compare with; default true. */
  readonly incremental?: boolean | undefined;
  /** The mean of that many turned passes: 4 flips, as in the paper, or 8 with the transposed ones. Default: one pass. */
  readonly selfEnsemble?: SelfEnsemble | undefined;
  /**
   * Frames are restored in tiles: never, where they don't fit into memory otherwise ('auto', the default), or where they
   * are larger than the given size.
   */
  readonly tile?: Size | 'auto' | 'off' | undefined;
  /**
   * Pixels around a tile that are computed and thrown away, in pixels of the frame. 'exact': as many as make the result
   * that of the whole frame, the static receptive field and the farthest offset. Default: 32 pixels of the network's
   * features, 128 where it works at a quarter of the frame's size; no seams, but not exact.
   */
  readonly tileOverlap?: number | 'exact' | undefined;
  /** Bytes that 'auto' keeps to; default: half of the machine's memory, at most 4 GiB. */
  readonly memoryBytes?: number | undefined;
  /** What all engines of the machine share: a size for which nothing is left is refused. Default: none is refused. */
  readonly budget?: MemoryBudget | undefined;
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
  const { modelsDir, threads, incremental = true, selfEnsemble, tile = 'auto' } = options;
  const model = await loadModel(name, { modelsDir });
  const { scale, window, padding } = model;
  const runtime = {
    model: name,
    scale,
    window,
    padding,
    incremental,
    ...(modelsDir === undefined ? {} : { modelsDir }),
    ...(threads === undefined ? {} : { threads }),
    ...(options.hosting === undefined ? {} : { hosting: options.hosting }),
  };
  const memory = new FrameMemory(model.options, { incremental, budgetBytes: options.memoryBytes });
  const pictures = new PictureOps();
  const budgeted = (engine: Engine): Engine =>
    options.budget === undefined
      ? engine
      : new BudgetedEngine(engine, options.budget, (size) => memory.needed(size, tile));
  const tiled = (inner: FloatEngine): FloatEngine =>
    tile === 'off' ? inner : new TiledEngine(inner, pictures, memory.tiledOptions(tile, options.tileOverlap));
  if (selfEnsemble !== undefined) {
    const passes = new SelfEnsembleEngine(tiled(new OnnxRuntimeFloatEngine(runtime, true)), pictures, selfEnsemble);
    return budgeted(new RoundedEngine(passes, pictures));
  }
  const whole = new OnnxRuntimeEngine(runtime);
  if (tile === 'off') {
    return budgeted(whole);
  }
  return budgeted(
    new SizedEngine({
      whole,
      tiled: new RoundedEngine(tiled(new OnnxRuntimeFloatEngine(runtime, true)), pictures),
      fits: (frame) => memory.fitsWhole(frame, tile),
    }),
  );
}

/**
 * Opens the stages of a restoration: models by name, separated by commas, each restoring what the one before gave.
 * Throws what {@link openEngine} throws; nothing stays open then.
 */
export async function openStages(
  names: string,
  options: OpenEngineOptions = {},
): Promise<readonly [Engine, ...Engine[]]> {
  const [first = '', ...rest] = names.split(',').map((name) => name.trim());
  const engine = await openEngine(first, options);
  const next: Engine[] = [];
  try {
    for (const name of rest) {
      next.push(await openEngine(name, options));
    }
    return [engine, ...next];
  } catch (error) {
    await Promise.all([engine, ...next].map((open) => open.dispose()));
    throw error;
  }
}
