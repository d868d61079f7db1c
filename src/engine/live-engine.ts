/**
 * Opens the engines of a running stream: worker processes that may die, and pictures all the same.
 */
import type { LimpidError } from '../errors/limpid-error.js';
import { BypassEngine } from './bypass-engine.js';
import type { CoreTurns } from './core-turns.js';
import type { Engine } from './engine.js';
import type { EngineOptions } from './engine-options.js';
import type { MemoryBudget } from './memory-budget.js';
import { openStages } from './open-engine.js';
import { ResilientEngine } from './resilient-engine.js';
import { defaultThreads } from './size-workers.js';
import { TurnedEngine } from './turned-engine.js';

/** What the engines of a stream are opened for. */
export interface LiveEngineOptions {
  readonly engine: EngineOptions;
  /** Whether the source waits for nobody: then what can't be restored in time is shown upscaled. */
  readonly live: boolean;
  /** Shared by all streams of the machine. */
  readonly turns: CoreTurns;
  /** Shared by all streams of the machine. */
  readonly memory: MemoryBudget;
  /** Told of every failure of an engine. */
  readonly onTrouble: (error: LimpidError) => void;
}

/** The stages of a stream, by names separated by commas. Throws what openEngine throws; nothing stays open then. */
export async function openLiveStages(
  names: string,
  { engine, live, turns, memory, onTrouble }: LiveEngineOptions,
): Promise<readonly [Engine, ...Engine[]]> {
  const { threads, selfEnsemble, tile, tileOverlap, retryTimeoutMs, ...hosting } = engine;
  const inTurn = (stage: Engine): Engine =>
    stage.spec.kind === 'bypass' ? stage : new TurnedEngine(stage, turns, threads ?? defaultThreads());
  const resilient = (stage: Engine): Engine =>
    new ResilientEngine(inTurn(stage), { retryTimeoutMs, whileOpening: live ? 'upscale' : 'wait', onTrouble });
  const [first, ...rest] = await openStages(names, {
    threads,
    selfEnsemble,
    tile,
    tileOverlap,
    hosting,
    budget: memory,
  });
  return [resilient(first), ...rest.map(resilient)];
}

/** Opens a model that another one of a stream stands in for: `bypass` at the other's scale. Throws what openEngine throws. */
export async function openLighter(name: string, scale: number, options: LiveEngineOptions): Promise<Engine> {
  if (name === 'bypass') {
    return new BypassEngine(scale);
  }
  const [only] = await openLiveStages(name, options);
  return only;
}
