/**
 * Builds before the tests: workers and media processes start from compiled output.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export function setup(): void {
  const build = fileURLToPath(new URL('../src/cli/bootstrap/build.mjs', import.meta.url));
  execFileSync(process.execPath, [build], { stdio: ['ignore', 'inherit', 'inherit'] });
}
