import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { addEngineFlags, type EngineFlags, engineOptions } from '../../src/cli/engine-flags.js';

function parse(...args: string[]) {
  const command = addEngineFlags(new Command('test').exitOverride().configureOutput({ writeErr: () => {} }));
  command.parse(args, { from: 'user' });
  return engineOptions(command.opts<EngineFlags>());
}

describe('the flags of the engine', () => {
  it.each([
    [[], { tile: 'auto' }],
    [['--self-ensemble'], { tile: 'auto', selfEnsemble: 4 }],
    [['--self-ensemble', '8'], { tile: 'auto', selfEnsemble: 8 }],
    [['--tile', 'off'], { tile: 'off' }],
    [['--tile', '480x270', '--tile-overlap', '64'], { tile: { width: 480, height: 270 }, tileOverlap: 64 }],
    [['--tile-overlap', 'exact'], { tile: 'auto', tileOverlap: 'exact' }],
  ])('%j', (args, options) => {
    expect(parse(...args)).toEqual({ selfEnsemble: undefined, tileOverlap: undefined, ...options });
  });

  it.each([
    [['--self-ensemble', '5'], 'Expected 4 or 8 passes but received 5.'],
    [['--tile', 'large'], 'Expected WIDTHxHEIGHT up to 16384x16384 (such as 320x180) for --tile but received large'],
    [['--tile-overlap', '-1'], 'Expected a whole number of pixels, or exact, but received -1.'],
  ])('refuses %j', (args, message) => {
    expect(() => parse(...args)).toThrow(message);
  });
});
