/**
 * `limpid bench`: how fast models run on this machine.
 */
import { Command, Option } from 'commander';
import { openEngine } from '../engine/open-engine.js';
import { bench } from '../job/bench.js';
import { parseSize } from '../job/size.js';
import { benchTable } from '../job/table.js';
import { parseWhole } from './evaluate-command.js';
import { printJson } from './print.js';

interface BenchFlags {
  readonly model: readonly string[];
  readonly size: readonly string[];
  readonly engine: readonly string[];
  readonly seconds?: number;
  readonly json?: boolean;
}

/** Builds the command. */
export function benchCommand(): Command {
  return new Command('bench')
    .description('frames a second, ms per stage, quantiles and peak memory')
    .option('--model <name...>', 'models, or networks with random weights', ['live-x4'])
    .option('--size <WxH...>', 'input sizes', ['320x180'])
    .addOption(
      new Option('--engine <kind...>', 'kinds of engine; plain: without the incremental halves in the pyramids')
        .choices(['auto', 'onnxruntime', 'onnxruntime-plain'])
        .default(['auto']),
    )
    .option('--seconds <n>', 'seconds measured a run (default: 10)', parseWhole)
    .option('--json', 'one JSON document on stdout')
    .action(async ({ model, size, engine, seconds, json }: BenchFlags) => {
      const result = await bench(
        { models: model, sizes: size.map((text) => parseSize(text)), engines: engine, seconds },
        {
          openEngine: (request) => openEngine(request.model, { incremental: request.engine !== 'onnxruntime-plain' }),
          onRun: (request) =>
            process.stderr.write(`${request.model} at ${request.size.width}x${request.size.height}\n`),
        },
      );
      if (json === true) {
        printJson(result);
      } else {
        process.stdout.write(`${benchTable(result)}\n`);
      }
    });
}
