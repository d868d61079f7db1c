/**
 * The deformable operator's C++: built with sanitizers and run, reference against onnxruntime's goldens and the kernel's
 * text in emulation. `npm run build:native` runs more problems and builds the CUDA parts; no GPU is used here.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const native = resolve(import.meta.dirname, '../../native/deform_conv');
const BUILD_TIMEOUT_MS = 600_000;
/** Problems a type here, one of each theme at least; 208 by default. */
const EMULATED_PROBLEMS = 8;

const hasTools = ['cmake', 'c++'].every((tool) => spawnSync(tool, ['--version']).status === 0);
if (!hasTools) {
  console.warn(
    'skipped the C++ tests of native/deform_conv: cmake and a C++ compiler are needed (apt-get install cmake g++)',
  );
}

function run(program: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  expect(status, `${program} ${args.join(' ')}\n${stdout}${stderr}`).toBe(0);
  return stdout;
}

describe.skipIf(!hasTools)('native/deform_conv, with sanitizers', () => {
  let build = '';

  beforeAll(() => {
    build = mkdtempSync(join(tmpdir(), 'limpid-native-'));
    run('cmake', [
      '-S',
      native,
      '-B',
      build,
      '-DLIMPID_SANITIZE=ON',
      '-DLIMPID_CUDA=OFF',
      '-DCMAKE_CXX_FLAGS_RELEASE=-O1',
    ]);
    run('cmake', ['--build', build]);
  }, BUILD_TIMEOUT_MS);

  afterAll(() => rmSync(build, { recursive: true, force: true }));

  it('the reference equals onnxruntime within 1e-5 on 50 problems', () => {
    const stdout = run(join(build, 'reference_test'), [join(native, 'golden/golden.bin')]);
    expect(stdout).toContain('of 50 problems');
    expect(stdout).toContain(' held, 0 did not');
  });

  it('the kernel in emulation equals the reference, without a race', () => {
    const stdout = run(join(build, 'emulation_test'), [String(EMULATED_PROBLEMS)]);
    expect(stdout).toContain(`fp16: ${EMULATED_PROBLEMS} problems`);
    expect(stdout).toContain(' held, 0 did not');
  }, 120_000);
});
