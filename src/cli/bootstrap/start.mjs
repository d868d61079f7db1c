/**
 * `npm start`: installs what is missing, builds, then runs the demo, or the limpid command that follows `--`.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureBuilt } from './build.mjs';
import { ensureNodePackages, ensureSystemPackages, main, requireNode, root } from './machine.mjs';

await main(async () => {
  requireNode();
  ensureSystemPackages({ tests: false });
  ensureNodePackages();
  ensureBuilt();
  const command = process.argv.slice(2);
  const entry = join(root, 'dist/cli/main.js');
  process.argv = [process.execPath, entry, ...(command.length === 0 ? ['demo'] : command)];
  await import(pathToFileURL(entry).href);
});
