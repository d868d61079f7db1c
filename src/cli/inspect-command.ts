/**
 * `limpid inspect`: what a model is and what it costs.
 */
import { Command } from 'commander';
import { inspect } from '../job/inspect.js';
import { inspectTable } from '../job/inspect-table.js';
import { parseSize } from '../job/size.js';
import { printJson } from './print.js';

interface InspectFlags {
  readonly size?: string;
  readonly json?: boolean;
}

/** Builds the command. */
export function inspectCommand(): Command {
  return new Command('inspect')
    .description('parameters and multiply-accumulates by module, window, latency and licence of a model')
    .argument('<name>', 'model of the registry or network of the paper')
    .option('--size <WxH>', 'frame size the costs are counted for (default: 320x180)')
    .option('--json', 'one JSON document on stdout')
    .action(async (name: string, { size, json }: InspectFlags) => {
      const inspection = await inspect(name, { size: size === undefined ? undefined : parseSize(size) });
      if (json === true) {
        printJson(inspection);
      } else {
        process.stdout.write(`${inspectTable(inspection)}\n`);
      }
    });
}
