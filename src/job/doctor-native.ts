/**
 * Do the native packages load? Each is tried in a child process: one that crashes while loading takes only that child along.
 * And what of native/ is built?
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { aptInstall, type Check } from './doctor-check.js';
import type { RunProgram } from './run-program.js';

/** A package with native code. */
interface NativePackage {
  readonly name: string;
  /** JavaScript run with the package as `m`; what it evaluates to is the detail. */
  readonly probe: string;
  readonly fix: string;
}

const BUILD_PACKAGES = [
  'libgstreamer1.0-dev',
  'libgstreamer-plugins-base1.0-dev',
  'pkg-config',
  'g++',
  'make',
  'python3',
];

const NATIVE_PACKAGES: readonly NativePackage[] = [
  {
    name: 'gstreamer-superficial',
    // A launch text with a single element is not a bin for this package: two at least.
    probe: '(new m.Pipeline("fakesrc num-buffers=1 ! fakesink"), "loads and makes a pipeline")',
    fix: `${aptInstall(BUILD_PACKAGES)} && npm rebuild gstreamer-superficial`,
  },
  {
    name: 'onnxruntime-node',
    // Not bundled means: only if its libraries were downloaded on installation.
    probe:
      '"loads; providers: " + m.listSupportedBackends().filter((one) => one.bundled).map((one) => one.name).join(", ")',
    fix: 'npm ci (without an NVIDIA card: ONNXRUNTIME_NODE_INSTALL=skip npm ci)',
  },
  { name: 'sharp', probe: '"loads; libvips " + m.versions.vips', fix: 'npm ci' },
];

/** One check per package. */
export async function checkNativePackages(run: RunProgram): Promise<readonly Check[]> {
  return Promise.all(NATIVE_PACKAGES.map((native) => check(native, run)));
}

/** Where `npm run build:native` leaves what it builds, in a clone. */
const NATIVE_BUILD = join(dirname(fileURLToPath(import.meta.url)), '../../build/native');

/**
 * Is the deformable operator for NVIDIA cards built? Optional: no engine uses it yet.
 *
 * @param buildDir folder of the build; default: the package's build/native
 */
export function checkDeformConv(buildDir: string = NATIVE_BUILD): Check {
  const name = 'native deform_conv';
  if (existsSync(join(buildDir, 'liblimpid_deform_conv_plugin.so'))) {
    return { name, status: 'ok', detail: 'kernel and TensorRT plugin are built (no engine uses them yet)' };
  }
  return existsSync(join(buildDir, 'libdeform_conv.a'))
    ? {
        name,
        status: 'warn',
        detail: 'the kernel is built, the TensorRT plugin is not (no engine uses them yet)',
        fix: 'npm run build:native -- -DLIMPID_TENSORRT_INCLUDE=DIR, the folder of NvInfer.h',
      }
    : {
        name,
        status: 'warn',
        detail: 'the kernel for NVIDIA cards is not built (no engine uses it yet)',
        fix: 'install CUDA with nvcc, then npm run build:native',
      };
}

async function check({ name, probe, fix }: NativePackage, run: RunProgram): Promise<Check> {
  const path = resolvePackage(name);
  if (path === undefined) {
    return { name, status: 'fail', detail: 'is not installed', fix: 'npm ci' };
  }
  const script = `const m = require(${JSON.stringify(path)}); console.log(${probe});`;
  const result = await run(process.execPath, ['--input-type=commonjs', '-e', script]);
  switch (result.ended) {
    case 'ok':
      return { name, status: 'ok', detail: result.stdout.trim().split('\n').at(-1) ?? 'loads' };
    case 'missing':
      return { name, status: 'fail', detail: `${process.execPath} can't be run`, fix: 'install Node.js again' };
    case 'failed':
      return { name, status: 'fail', detail: `does not load: ${result.problem}`, fix };
  }
}

function resolvePackage(name: string): string | undefined {
  try {
    return createRequire(import.meta.url).resolve(name);
  } catch {
    return undefined;
  }
}
