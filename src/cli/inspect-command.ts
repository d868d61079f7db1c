/**
 * `limpid inspect`: what a model is and what it costs.
 */
import { Command } from 'commander';
import { type Inspection, inspect } from '../job/inspect.js';
import { parseSize } from '../job/size.js';
import { printJson } from './print.js';

interface InspectFlags {
  readonly size?: string;
  readonly json?: boolean;
}

/** Builds the command. */
export function inspectCommand(): Command {
  return new Command('inspect')
    .description('parameters, multiply-accumulates, window, latency and licence of a model')
    .argument('<name>', 'model of the registry or network of the paper')
    .option('--size <WxH>', 'frame size the costs are counted for (default: 320x180)')
    .option('--json', 'one JSON document on stdout')
    .action(async (name: string, { size, json }: InspectFlags) => {
      const inspection = await inspect(name, { size: size === undefined ? undefined : parseSize(size) });
      if (json === true) {
        printJson(inspection);
      } else {
        process.stdout.write(inspectionText(inspection));
      }
    });
}

function inspectionText(inspection: Inspection): string {
  const {
    name,
    task,
    scale,
    window,
    parameters,
    macs,
    streamingMacs,
    size,
    outputSize,
    latencyFrames,
    license,
    memory,
  } = inspection;
  const giga = (value: number) => `${(value / 1e9).toFixed(2)} G`;
  const mebi = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  const rows: readonly (readonly [string, string])[] = [
    ['task', `${task} ×${scale}`],
    ['window', `${window} frames, ${latencyFrames} of look-ahead`],
    ['parameters', parameters.toLocaleString('en')],
    ['MACs', `${giga(macs)} in one graph, ${giga(streamingMacs)} a frame of a stream (${size} → ${outputSize})`],
    ['memory', `${mebi(memory.weightBytes)} of weights, ${mebi(memory.pyramidBytes)} of pyramids a window`],
    ['licence', license ?? 'none: a network with random weights'],
  ];
  return `${name}\n${rows.map(([key, value]) => `  ${key.padEnd(10)}  ${value}\n`).join('')}`;
}
