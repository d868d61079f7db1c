/**
 * `limpid token`: a new bearer token, and the digest that goes into the configuration in its place.
 */
import { Command } from 'commander';
import { createToken } from '../server/token.js';
import { printJson } from './print.js';

/** Builds the command. */
export function tokenCommand(): Command {
  return new Command('token')
    .description('make a bearer token for the web server; its sha256 goes into the configuration')
    .option('--json', 'one JSON document on stdout')
    .action(({ json }: { readonly json?: boolean }) => {
      const { token, sha256 } = createToken();
      if (json === true) {
        printJson({ token, sha256 });
        return;
      }
      process.stdout.write(
        `token   ${token}   (shown once; give it to whoever may come in)\n` +
          `sha256  ${sha256}\n\n` +
          'server:\n  tokens:\n' +
          `    - { name: who-holds-it, role: view, sha256: ${sha256} }   # or role: control; streams: [gate]\n`,
      );
    });
}
