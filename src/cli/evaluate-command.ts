/**
 * `limpid evaluate`: PSNR and SSIM of a model on clips of known truth.
 */
import { Command, InvalidArgumentError, Option } from 'commander';
import { openEngine } from '../engine/open-engine.js';
import { evaluate } from '../job/evaluate.js';
import type { Channel } from '../job/evaluate-figures.js';
import { EvaluateReport } from '../job/evaluate-report.js';
import { evaluateTable } from '../job/table.js';
import { addEngineFlags, type EngineFlags, engineOptions } from './engine-flags.js';
import { printJson } from './print.js';
import { randomWeightsRemarks } from './random-weights.js';

interface EvaluateFlags extends EngineFlags {
  readonly model: string;
  readonly gt: string;
  readonly lq?: string;
  readonly channel: Channel;
  readonly crop: number;
  readonly scale?: number;
  readonly report?: string;
  readonly json?: boolean;
}

/** Builds the command. */
export function evaluateCommand(): Command {
  const command = new Command('evaluate')
    .description('PSNR and SSIM per clip and mean, as the papers measure; --model bicubic is the baseline')
    .requiredOption('--model <name>', 'model of the registry, or "bicubic"; with commas: stages in a row')
    .requiredOption(
      '--gt <path>',
      'ground truth: a video, or a folder of PNGs or with one folder of PNGs or one video per clip',
    )
    .option('--lq <path>', 'low-quality frames, laid out alike (default: bicubic LR made from the ground truth)')
    .addOption(new Option('--channel <channel>', 'luma or all channels').choices(['y', 'rgb']).default('rgb'))
    .option('--crop <n>', 'pixels taken off every side', parseWhole, 0)
    .option('--scale <n>', 'scale of the bicubic baseline (default: 4); a model has its own', parseWhole);
  return addEngineFlags(command)
    .option('--report <dir>', 'write a page: table, plots by frame, worst frames side by side')
    .option('--json', 'one JSON document on stdout')
    .action(async (flags: EvaluateFlags) => {
      const { json, report: dir, ...options } = flags;
      for (const remark of await randomWeightsRemarks([flags.model])) {
        process.stderr.write(`${remark}\n`);
      }
      const report = dir === undefined ? undefined : await EvaluateReport.open(dir, options);
      const result = await evaluate(options, {
        openEngine: (model) => openEngine(model, engineOptions(flags)),
        ...(report === undefined ? {} : { onMeasured: (measured) => report.add(measured) }),
        onProgress: ({ clip, done, total }) => showProgress(`${clip}: ${done} of ${total} frames`),
      });
      showProgress('');
      const page = await report?.write(result);
      if (json === true) {
        printJson(result);
      } else {
        process.stdout.write(`${evaluateTable(result)}\n`);
      }
      if (page !== undefined) {
        process.stderr.write(`${page}\n`);
      }
    });
}

/** A whole number given on a command line. */
export function parseWhole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) {
    throw new InvalidArgumentError(`Expected a whole number but received ${text}.`);
  }
  return value;
}

function showProgress(text: string): void {
  if (process.stderr.isTTY) {
    process.stderr.write(`\r\u001b[2K${text}`);
  }
}
