/**
 * `limpid import`: a checkpoint of PyTorch becomes a model of the registry.
 */
import { Command, InvalidArgumentError, Option } from 'commander';
import { isDigest } from '../checkpoint/file-digest.js';
import type { EdvrOptionsInput } from '../edvr/options.js';
import { type Imported, importCheckpoint } from '../job/import.js';
import { type Task, tasks } from '../model/manifest.js';
import { type PaddingMode, paddingModes } from '../window/padding.js';
import { printJson } from './print.js';

interface ImportFlags {
  readonly name: string;
  readonly task?: Task;
  readonly set?: EdvrOptionsInput;
  readonly padding?: PaddingMode;
  readonly license?: string;
  readonly section?: string;
  readonly sha256?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** Builds the command. */
export function importCommand(): Command {
  return new Command('import')
    .description('make a model of a checkpoint: torch.save, zip or legacy, or safetensors; nothing in it is executed')
    .argument('<file>', 'checkpoint.pth, or .safetensors')
    .requiredOption('--name <name>', 'name of the model')
    .addOption(new Option('--task <task>', 'what the weights undo (default: as the shapes suggest)').choices(tasks))
    .option('--set <option=value...>', 'EDVR options that the shapes do not tell, or that override them', parseSetting)
    .addOption(
      new Option('--padding <mode>', 'temporal padding of the training (default: as the paper has it)').choices(
        paddingModes,
      ),
    )
    .option('--license <spdx>', 'licence of the weights (default: NOASSERTION)')
    .option('--section <key>', 'key of the weights in the file (default: params_ema, params, state_dict, top level)')
    .option('--sha256 <digits>', "what the file's sha256 begins with (default: the digits in its name)", parseDigest)
    .option('--force', 'replace a model of that name')
    .option('--json', 'one JSON document on stdout')
    .action(async (file: string, { json, ...flags }: ImportFlags) => {
      const imported = await importCheckpoint({ file, ...flags });
      if (json === true) {
        printJson(imported);
      } else {
        process.stdout.write(importedText(imported));
      }
    });
}

/** Collects `option=value`; whether there is such an option is for the options' own check to say. */
function parseSetting(text: string, before: EdvrOptionsInput = {}): EdvrOptionsInput {
  const [, name, value] = /^([A-Za-z]+)=(.+)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw new InvalidArgumentError(`Expected option=value, such as numFrame=7, but received ${text}.`);
  }
  return { ...before, [name]: settingValue(value) };
}

function parseDigest(text: string): string {
  const digits = text.toLowerCase();
  if (!isDigest(digits)) throw new InvalidArgumentError(`Expected 8 to 64 hexadecimal digits but received ${text}.`);
  return digits;
}

function settingValue(text: string): boolean | number | string {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}

/** What was found in the file, and where it went. */
export function importedText(imported: Imported): string {
  const { name, task, scale, window, padding, parameters, tensors, dtype, license } = imported;
  const place = imported.section === null ? 'at top level' : `under ${imported.section}`;
  const options = Object.entries(imported.options).map(([option, value]) => `${option}=${value}`);
  const rows: readonly (readonly [string, string])[] = [
    ['read', `${tensors} tensors ${place} (${imported.format}), every one used`],
    ['task', `${task} ×${scale}`],
    ['window', `${window} frames, padding ${padding}`],
    ['options', options.length === 0 ? 'those of the paper’s EDVR-M' : options.join(' ')],
    ['weights', `${parameters.toLocaleString('en')} parameters, ${dtype}`],
    ['licence', license === 'NOASSERTION' ? 'not stated; say it with --license' : license],
    ['manifest', imported.manifest],
  ];
  return `${name}\n${rows.map(([key, value]) => `  ${key.padEnd(8)}  ${value}\n`).join('')}`;
}
