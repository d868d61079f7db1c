/**
 * The flags of commands that restore frames: how the engine is opened, beside the model.
 */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { OpenEngineOptions } from '../engine/open-engine.js';
import { parseSize } from '../job/size.js';

/** What commander makes of the flags that {@link addEngineFlags} adds. */
export interface EngineFlags {
  readonly selfEnsemble?: 4 | 8;
  readonly tile?: string;
  readonly tileOverlap?: number | 'exact';
}

/** Adds the flags. */
export function addEngineFlags(command: Command): Command {
  return command
    .addOption(
      new Option('--self-ensemble [passes]', 'mean of 4 flipped passes, or of 8 with the transposed ones')
        .argParser(parsePasses)
        .preset('4'),
    )
    .option(
      '--tile <WxH>',
      'restore in tiles of at most this size; auto: where memory asks for it; off (default: auto)',
    )
    .option(
      '--tile-overlap <n>',
      'pixels around a tile that are thrown away; exact: as many as make the whole frame’s result (default: 32 of the features, at most 128)',
      parseOverlap,
    );
}

/** Options of the engine, from the flags. Throws ERR_USAGE. */
export function engineOptions({ selfEnsemble, tile = 'auto', tileOverlap }: EngineFlags): OpenEngineOptions {
  return {
    selfEnsemble,
    tile: tile === 'auto' || tile === 'off' ? tile : parseSize(tile, '--tile'),
    tileOverlap,
  };
}

function parsePasses(text: string): 4 | 8 {
  if (text !== '4' && text !== '8') {
    throw new InvalidArgumentError(`Expected 4 or 8 passes but received ${text}.`);
  }
  return text === '4' ? 4 : 8;
}

function parseOverlap(text: string): number | 'exact' {
  const value = Number(text);
  if (text === 'exact') {
    return text;
  }
  if (text.trim() === '' || !Number.isInteger(value) || value < 0) {
    throw new InvalidArgumentError(`Expected a whole number of pixels, or exact, but received ${text}.`);
  }
  return value;
}
