/**
 * `limpid models`: what the registry holds, whether it is whole, and what could be fetched.
 */
import { Command } from 'commander';
import { messageOf } from '../errors/limpid-error.js';
import { type Pulled, pullModel } from '../job/pull.js';
import { findPublished, publishedNames } from '../model/published.js';
import { findModel, loadModel, modelNames } from '../model/registry.js';
import { DownloadLine } from './download-line.js';
import { importedText } from './import-command.js';
import { printJson } from './print.js';

interface JsonFlag {
  readonly json?: boolean;
}

/** Builds the command with its subcommands; without one it lists. */
export function modelsCommand(): Command {
  const command = new Command('models')
    .description('the models there are, and those that can be fetched')
    .hook('preSubcommand', (models, chosen) => {
      // The default would take a wrong name for an argument of its own.
      const [word] = models.args;
      if (word !== undefined && !word.startsWith('-') && word !== chosen.name()) {
        models.error(`error: unknown command '${word}'`);
      }
    });
  command
    .command('list', { isDefault: true })
    .description('names, tasks, scales and licences')
    .option('--json', 'one JSON document on stdout')
    .action(({ json }: JsonFlag) => list(json === true));
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
  command
    .command('pull')
    .description('fetch a checkpoint that others publish, verify it and import it')
    .argument('<name>', 'name in the list')
    .option('--force', 'replace a model of that name')
    .option('--json', 'one JSON document on stdout')
    .action(async (name: string, { json, force }: JsonFlag & { readonly force?: boolean }) => {
      const line = new DownloadLine(process.stderr, name);
      const pulled = await pullModel(name, { force, onProgress: (progress) => line.show(progress) }).finally(() =>
        line.clear(),
      );
      if (json === true) {
        printJson(pulled);
      } else {
        process.stdout.write(`${importedText(pulled)}${verifiedText(pulled)}`);
      }
    });
  return command;
}

async function list(json: boolean): Promise<void> {
  const names = await modelNames();
  const cards = await Promise.all(names.map((name) => findModel(name)));
  const models = cards.map(({ name, task, scale, window, license }) => ({ name, task, scale, window, license }));
  const absent = (await publishedNames()).filter((name) => !names.includes(name));
  const manifests = (await Promise.all(absent.map((name) => findPublished(name)))).filter((one) => one !== undefined);
  const published = manifests.map(({ name, task, scale, window, license, source }) => {
    return { name, task, scale, window, license, url: source.url, sha256: source.sha256 ?? null };
  });
  if (json) {
    printJson({ models, published });
    return;
  }
  const line = ({ name, task, scale, window, license }: (typeof models)[number]) =>
    `${name}  ${task} ×${scale}, ${window} frames, ${license ?? 'no licence'}\n`;
  process.stdout.write(models.map(line).join(''));
  if (published.length > 0) {
    process.stdout.write(
      `\npublished by others; limpid models pull NAME fetches one:\n${published.map(line).join('')}`,
    );
  }
}

async function verify(name: string): Promise<{ readonly name: string; readonly ok: boolean; readonly detail: string }> {
  try {
    const { weights, manifest } = await loadModel(name);
    return { name, ok: true, detail: `${weights.size} tensors, sha256 ${manifest?.weights.sha256 ?? 'none'}` };
  } catch (thrown) {
    return { name, ok: false, detail: messageOf(thrown) };
  }
}

function verifiedText({ sha256, verified }: Pulled): string {
  switch (verified) {
    case 'sha256':
      return `  sha256    ${sha256}, as published\n`;
    case 'sha256 prefix':
      return `  sha256    ${sha256}; its first digits are those of the published name, the rest was never published\n`;
    case 'nothing':
      return `  sha256    ${sha256}; its publisher states none\n`;
  }
}
