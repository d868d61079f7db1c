/**
 * `npm test`: installs what the tests need, then runs them all (`npm test -- <vitest arguments>` runs some).
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ensureBuilt } from './build.mjs';
import { ensureNodePackages, ensureSystemPackages, main, requireNode, root } from './machine.mjs';

await main(() => {
  requireNode();
  ensureSystemPackages({ tests: true });
  ensureNodePackages();
  ensureBuilt();
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const { status } = spawnSync(process.execPath, [vitest, 'run', ...process.argv.slice(2)], {
    cwd: root,
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
});
