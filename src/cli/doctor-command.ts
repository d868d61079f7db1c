/**
 * `limpid doctor`: what works on this machine, and how to mend what does not.
 */
import { Command } from 'commander';
import { doctor } from '../job/doctor.js';
import { doctorText } from '../job/doctor-text.js';
import { printJson } from './print.js';
import { parsePort } from './run-command.js';

/** Builds the command. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('what works on this machine: GStreamer, engines, models, cameras, port; and how to mend what does not')
    .option('--port <n>', 'port of the viewer', parsePort, 8080)
    .option('--json', 'one JSON document on stdout')
    .action(async ({ port, json }: { readonly port: number; readonly json?: boolean }) => {
      const result = await doctor({ port });
      if (json === true) {
        printJson(result);
      } else {
        process.stdout.write(`${doctorText(result)}\n`);
      }
      if (!result.ok) {
        process.exitCode = 1;
      }
    });
}
