/**
 * `npm run build:native`: configures and builds native/deform_conv in build/native, then runs its tests. Arguments go to
 * CMake (`npm run build:native -- -DLIMPID_TENSORRT_INCLUDE=DIR`). Parts that this machine can't build are named by CMake.
 */
import { spawnSync } from 'node:child_process';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const build = join(root, 'build/native');

const steps = [
  ['cmake', ['-S', join(root, 'native/deform_conv'), '-B', build, ...process.argv.slice(2)]],
  ['cmake', ['--build', build]],
  ['ctest', ['--test-dir', build, '--output-on-failure']],
];

for (const [program, args] of steps) {
  const { status, error } = spawnSync(program, args, { stdio: 'inherit' });
  if (status !== 0) {
    const problem = error ? `can't be run (${error.message}); apt-get install cmake g++` : `ended with ${status}`;
    process.stderr.write(`limpid: ${program} ${problem}\n`);
    process.exit(1);
  }
}
