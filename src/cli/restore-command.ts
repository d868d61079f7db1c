/**
 * `limpid restore`: a file or a folder of pictures, every frame.
 */
import { Command, InvalidArgumentError } from 'commander';
import { type OpenEngineOptions, openEngine } from '../engine/open-engine.js';
import { restore } from '../job/restore.js';
import type { RestoreOptions, RestoreResult } from '../job/restore-options.js';
import { findModel } from '../model/registry.js';
import { addEngineFlags, type EngineFlags, engineOptions } from './engine-flags.js';
import { randomWeightsRemarks } from './random-weights.js';
import { framesText, RestoreProgressLine, timeText } from './restore-progress.js';

interface RestoreFlags extends EngineFlags {
  readonly model: string;
  readonly half?: boolean;
  readonly compare?: boolean;
  readonly overwrite?: boolean;
  readonly audio: boolean;
  readonly sceneCuts: boolean;
  readonly fps?: number;
  readonly crf?: number;
}

/** As shells count: 128 and the number of the signal. */
const SIGNAL_EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;
type StopSignal = keyof typeof SIGNAL_EXIT_CODES;

/** Builds the command. */
export function restoreCommand(): Command {
  const restoring = new Command('restore')
    .description('restore every frame of a video or a folder of pictures; audio and times are kept')
    .argument('<in>', 'a video, a folder of PNG or JPEG pictures, or one picture')
    .argument('<out>', '.mkv, .mp4, or a folder for PNGs, gone on with where it was begun (one picture: .png)')
    .requiredOption('--model <name>', 'model of the registry, or "bypass"; with commas: stages in a row')
    .option('--half', 'the left half plainly upscaled, the right half restored')
    .option('--compare', 'plainly upscaled and restored side by side')
    .option('--overwrite', 'write over an output that exists')
    .option('--no-audio', 'leave the audio out')
    .option('--no-scene-cuts', 'let windows reach over scene cuts')
    .option('--fps <n>', 'frames a second of a folder of pictures (default: 25)', parseNumber)
    .option('--crf <n>', 'quality of a clip: 0 is lossless, 16 the default, 28 is coarse', parseNumber);
  return addEngineFlags(restoring).action(
    async (input: string, output: string, flags: RestoreFlags, command: Command) => {
      if (flags.half === true && flags.compare === true) {
        command.error('error: Expected --half or --compare but received both.', { exitCode: 2 });
      }
      const { half, compare, tile: _tile, tileOverlap: _overlap, ...options } = flags;
      const view = half ? 'half' : compare ? 'compare' : 'restored';
      await runRestore({ ...options, input, output, view }, engineOptions(flags));
    },
  );
}

async function runRestore(options: RestoreOptions, engine: OpenEngineOptions): Promise<void> {
  const progress = new RestoreProgressLine(process.stderr);
  const say = (sentence: string): void => {
    progress.clear();
    process.stderr.write(`${sentence}\n`);
  };
  const stop = new AbortController();
  const release = onSignal((signal) => {
    process.exitCode = SIGNAL_EXIT_CODES[signal];
    say(`${signal}: finishing ${options.output} (again to force)`);
    stop.abort();
  });
  const startMs = performance.now();
  try {
    for (const remark of await randomWeightsRemarks([options.model])) {
      say(remark);
    }
    const result = await restore(options, {
      openEngine: (model) => openEngine(model, engine),
      weightsOf,
      signal: stop.signal,
      onProgress: (state) => progress.show(state),
      onNote: say,
    });
    say(summary(result, options.output, (performance.now() - startMs) / 1_000));
  } finally {
    progress.clear();
    release();
  }
}

/** sha256 of the weights of a model, or of each stage's; null where one has none of its own. */
async function weightsOf(model: string): Promise<string | null> {
  const sums: string[] = [];
  for (const name of model.split(',')) {
    const sha256 = name.trim() === 'bypass' ? undefined : (await findModel(name.trim())).manifest?.weights.sha256;
    if (sha256 === undefined) {
      return null;
    }
    sums.push(sha256);
  }
  return sums.join(',');
}

function summary({ done, found, interrupted, audio }: RestoreResult, output: string, seconds: number): string {
  const parts = [
    `${framesText(done)} in ${output}`,
    ...(found > 0 ? [`${found} of them were there already`] : []),
    ...(audio ? ['audio as it was'] : []),
    `${timeText(seconds)} (${((done - found) / Math.max(seconds, 0.001)).toFixed(1)} fps)`,
  ];
  return `${interrupted ? 'interrupted: ' : ''}${parts.join(', ')}`;
}

/**
 * Calls back at the first SIGINT or SIGTERM; a second one ends the process at once, by the signal itself: `process.exit`
 * takes the runtime down under the threads of onnxruntime, which abort then. Returns what takes that back.
 */
function onSignal(callback: (signal: StopSignal) => void): () => void {
  let asked = false;
  const release = (): void => {
    process.off('SIGINT', listener);
    process.off('SIGTERM', listener);
  };
  const listener = (signal: NodeJS.Signals): void => {
    const known: StopSignal = signal === 'SIGTERM' ? 'SIGTERM' : 'SIGINT';
    if (asked) {
      release();
      process.kill(process.pid, known);
      return;
    }
    asked = true;
    callback(known);
  };
  process.on('SIGINT', listener);
  process.on('SIGTERM', listener);
  return release;
}

function parseNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) {
    throw new InvalidArgumentError(`Expected a number but received ${text}.`);
  }
  return value;
}
