/**
 * Compiles src/ to dist/ (tsc) and the viewer to dist/viewer (vite), when a source is newer than the last build.
 * Workers and media processes start from the compiled output, so the tests build first as well.
 */
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { main, root, run, say } from './machine.mjs';

const STAMP = join(root, 'dist', '.built');

/** Builds what is out of date. Takes milliseconds when nothing is. */
export function ensureBuilt() {
  const startedMs = Date.now();
  if (existsSync(STAMP) && statSync(STAMP).mtimeMs > newestMs()) {
    return;
  }
  say('building');
  run([process.execPath, join(root, 'node_modules/typescript/bin/tsc')], 'tsc');
  run([process.execPath, join(root, 'node_modules/vite/bin/vite.js'), 'build', '--logLevel', 'warn'], 'vite build');
  writeFileSync(STAMP, `${new Date(startedMs).toISOString()}\n`);
}

function newestMs() {
  const files = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return Math.max(
    ...[...files, join(root, 'tsconfig.json'), join(root, 'vite.config.ts'), join(root, 'package-lock.json')]
      .filter(existsSync)
      .map((file) => statSync(file).mtimeMs),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main(() => ensureBuilt());
}
