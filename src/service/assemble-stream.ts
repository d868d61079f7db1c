/**
 * Opens what a stream's configuration names: its source, engine stages and sinks.
 */
import type { StreamConfig } from '../config/config.js';
import type { CoreTurns } from '../engine/core-turns.js';
import { openLighter, openLiveStages } from '../engine/live-engine.js';
import type { MemoryBudget } from '../engine/memory-budget.js';
import type { LimpidError } from '../errors/limpid-error.js';
import type { Log } from '../log/log.js';
import { findModel } from '../model/registry.js';
import { openSinks } from '../sink/open-sinks.js';
import { openSource } from '../source/open-source.js';
import { openStream, type RunningStream } from '../stream/open-stream.js';
import { RateLimitedReports } from '../stream/rate-limited-reports.js';
import type { AutoScale } from './auto-scale.js';
import { checkLadder } from './check-ladder.js';

/** How to open a stream, beside its configuration. */
export interface AssembleOptions {
  /** A source that can't be opened at its first attempt ends the stream. */
  readonly mustOpenFirst: boolean;
  /** Shared by all streams. */
  readonly turns: CoreTurns;
  /** Shared by all streams. */
  readonly memory: MemoryBudget;
  /** Chooses where the configuration says `scale: auto`. */
  readonly autoScale: AutoScale;
  readonly log: Log;
}

/**
 * Starts a stream. Rejects with ERR_CONFIG, ERR_MODEL_UNKNOWN, ERR_SOURCE_URI, ERR_INPUT_FILE and the like before anything runs.
 */
export async function assembleStream(config: StreamConfig, options: AssembleOptions): Promise<RunningStream> {
  const { mustOpenFirst, turns, memory, autoScale, log } = options;
  const sourceOf = ({ name, source, sourceOptions }: StreamConfig) =>
    openSource(source, sourceOptions, {
      // A configuration is the user's own. Whatever comes over HTTP must never reach `source`.
      rawPipelines: true,
      warn: (sentence) => log.warn({ stream: name }, sentence),
    });
  let stream = config;
  if (config.scale === 'auto') {
    const scaled = await autoScale.resolve(config, sourceOf(config), mustOpenFirst);
    log.info({ stream: config.name }, scaled.sentence);
    ({ stream } = scaled);
  }
  const source = sourceOf(stream);
  const reports = new RateLimitedReports((line) => log.warn({ stream: stream.name }, line));
  const [wanted = stream.model, ...lighterModels] = stream.models ?? [];
  await checkLadder(stream.models ?? []);
  const how = {
    engine: stream.engine,
    live: source.live,
    turns,
    memory,
    onTrouble: (error: LimpidError) => reports.report(error.message),
  };
  const [engine, ...nextStages] = await openLiveStages(wanted, how);
  const lighter = await Promise.all(lighterModels.map((name) => openLighter(name, engine.spec.scale, how)));
  for (const { spec } of [engine, ...nextStages]) {
    log.info({ stream: stream.name }, `${source.label} → ${spec.model} (${spec.kind}, ×${spec.scale})`);
  }
  return openStream({
    name: stream.name,
    source,
    engine,
    nextStages,
    lighter,
    overload: stream.overload,
    strength: stream.strength,
    sinks: openSinks(stream, {
      stream: stream.name,
      models: await Promise.all([engine, ...nextStages].map(({ spec }) => provenanceOf(spec.model))),
      onTrouble: (error) => log.warn({ stream: stream.name }, error.message),
    }),
    sceneCuts: stream.sceneCuts,
    reconnect: source.live ? { ...stream.reconnect, mustOpenFirst } : undefined,
    log,
  });
}

/** A model's name and the sha256 of its weights, for the tags of what it restored. */
async function provenanceOf(name: string): Promise<{ name: string; sha256: string | null }> {
  const card = await findModel(name).catch(() => undefined);
  return { name, sha256: card?.manifest?.weights.sha256 ?? null };
}
