#!/usr/bin/env node
/**
 * The command line: parses, runs a command, turns what it throws into one sentence and an exit code.
 *
 * 0 done · 1 failed · 2 bad usage or configuration
 */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { LimpidError, messageOf } from '../errors/limpid-error.js';
import { redactUri } from '../log/redact.js';
import { packageFile } from '../media/package-file.js';
import { benchCommand } from './bench-command.js';
import { demoCommand } from './demo-command.js';
import { doctorCommand } from './doctor-command.js';
import { evaluateCommand } from './evaluate-command.js';
import { exportCommand } from './export-command.js';
import { importCommand } from './import-command.js';
import { inspectCommand } from './inspect-command.js';
import { modelsCommand } from './models-command.js';
import { restoreCommand } from './restore-command.js';
import { runCommand } from './run-command.js';
import { tokenCommand } from './token-command.js';

const { version } = JSON.parse(readFileSync(packageFile('package.json'), 'utf8')) as { readonly version: string };

const program = new Command('limpid')
  .description('Restores live video while it plays: multi-frame EDVR on RTSP streams, in a browser or a recording.')
  .version(version)
  .showHelpAfterError('(limpid --help lists the commands)');
for (const command of [
  runCommand(),
  demoCommand(),
  restoreCommand(),
  evaluateCommand(),
  inspectCommand(),
  modelsCommand(),
  importCommand(),
  exportCommand(),
  benchCommand(),
  doctorCommand(),
  tokenCommand(),
]) {
  program.addCommand(command);
}
settle(program);

try {
  await program.parseAsync();
  process.exitCode ??= 0;
} catch (thrown) {
  process.exitCode = report(thrown);
}
// Handles of native libraries may keep the loop alive; everything Limpid opened is closed by now.
process.stdout.write('', () => process.exit());

/** Bad usage is told alike by a command and by what is below it, with the exit code of `report`. */
function settle(command: Command): void {
  command.exitOverride();
  for (const below of command.commands) {
    settle(below.copyInheritedSettings(command));
  }
}

function report(thrown: unknown): number {
  if (thrown instanceof CommanderError) {
    // Commander has printed its sentence, or the help that was asked for.
    return thrown.exitCode === 0 ? 0 : 2;
  }
  process.stderr.write(`limpid: ${redactUri(messageOf(thrown))}\n`);
  if (!(thrown instanceof LimpidError) && thrown instanceof Error) {
    process.stderr.write(`${redactUri(thrown.stack ?? '')}\n`);
  }
  return thrown instanceof LimpidError ? thrown.exitCode : 1;
}
