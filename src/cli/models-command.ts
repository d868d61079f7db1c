/**
 * `limpid models`: what the registry holds, and whether it is whole.
 */
import { Command } from 'commander';
import { messageOf } from '../errors/limpid-error.js';
import { findModel, loadModel, modelNames } from '../model/registry.js';
import { printJson } from './print.js';

interface JsonFlag {
  readonly json?: boolean;
}

/** Builds the command with its subcommands; without one it lists. */
export function modelsCommand(): Command {
  const command = new Command('models').description('the models that come with Limpid');
  command
    .command('list', { isDefault: true })
    .description('names, tasks, scales and licences')
    .option('--json', 'one JSON document on stdout')
    .action(async ({ json }: JsonFlag) => {
      const cards = await Promise.all((await modelNames()).map((name) => findModel(name)));
      const models = cards.map(({ name, task, scale, window, license }) => ({ name, task, scale, window, license }));
      if (json === true) {
        printJson({ models });
        return;
      }
      for (const { name, task, scale, window, license } of models) {
        process.stdout.write(`${name}  ${task} ×${scale}, ${window} frames, ${license ?? 'no licence'}\n`);
      }
    });
  command
    .command('verify')
    .description('read every model, check its sha256 and its tensors')
    .option('--json', 'one JSON document on stdout')
    .action(async ({ json }: JsonFlag) => {
      const results = await Promise.all((await modelNames()).map(verify));
      if (results.some(({ ok }) => !ok)) {
        process.exitCode = 1;
      }
      if (json === true) {
        printJson({ models: results });
        return;
      }
      for (const { name, ok, detail } of results) {
        process.stdout.write(`${ok ? 'ok  ' : 'FAIL'}  ${name}  ${detail}\n`);
      }
    });
  return command;
}

async function verify(name: string): Promise<{ readonly name: string; readonly ok: boolean; readonly detail: string }> {
  try {
    const { weights, manifest } = await loadModel(name);
    return { name, ok: true, detail: `${weights.size} tensors, sha256 ${manifest?.weights.sha256 ?? 'none'}` };
  } catch (thrown) {
    return { name, ok: false, detail: messageOf(thrown) };
  }
}
