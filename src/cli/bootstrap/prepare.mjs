/**
 * Installs everything the tests and the linters need, and builds; runs nothing. Used by continuous integration.
 */
import { ensureBuilt } from './build.mjs';
import { ensureNodePackages, ensureSystemPackages, main, requireNode } from './machine.mjs';

await main(() => {
  requireNode();
  ensureSystemPackages({ tests: true });
  ensureNodePackages();
  ensureBuilt();
});
