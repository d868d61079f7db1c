/**
 * What a machine must have before Limpid can run, and how it gets it. Plain JavaScript: it runs before anything is
 * installed. Everything that installers print goes to stderr; what is already there is skipped.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder that holds package.json. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');

const MINIMUM_NODE = [20, 19];

/** Debian packages to build the GStreamer binding and to run every pipeline. */
const RUN_PACKAGES = [
  'libgstreamer1.0-dev',
  'libgstreamer-plugins-base1.0-dev',
  'gstreamer1.0-tools',
  'gstreamer1.0-plugins-base',
  'gstreamer1.0-plugins-good',
  'gstreamer1.0-plugins-bad',
  'gstreamer1.0-plugins-ugly',
  'gstreamer1.0-libav',
  'gstreamer1.0-rtsp',
  'pkg-config',
  'g++',
  'make',
  'python3',
];

/** What the tests need on top: a real RTSP server, ffprobe, a real browser, CMake for native/. */
const TEST_PACKAGES = ['gstreamer1.0-x', 'gir1.2-gst-rtsp-server-1.0', 'python3-gi', 'ffmpeg', 'chromium', 'cmake'];

/** A failure with one sentence for the person at the terminal. */
export class BootstrapError extends Error {}

/** Refuses a Node that is too old. */
export function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < MINIMUM_NODE[0] || (major === MINIMUM_NODE[0] && minor < MINIMUM_NODE[1])) {
    throw new BootstrapError(
      `Expected Node.js ${MINIMUM_NODE.join('.')} or newer but this is ${process.versions.node}: install a newer one, then run the command again`,
    );
  }
}

/**
 * Installs the Debian packages that are missing.
 *
 * @param {{ tests: boolean }} options whether the tests' packages are wanted too
 */
export function ensureSystemPackages({ tests }) {
  const wanted = tests ? [...RUN_PACKAGES, ...TEST_PACKAGES] : RUN_PACKAGES;
  if (!onPath('dpkg-query')) {
    requireForeignSystem();
    return;
  }
  const missing = missingPackages(wanted);
  if (missing.length === 0) {
    return;
  }
  const prefix = process.getuid?.() === 0 ? [] : sudoWithoutPassword() ? ['sudo', '-n'] : undefined;
  if (prefix === undefined) {
    throw new BootstrapError(
      `Expected these Debian packages, and root or sudo is needed to install them: sudo apt-get install -y --no-install-recommends ${missing.join(' ')}`,
    );
  }
  say(`installing ${missing.length} Debian packages: ${missing.join(' ')}`);
  const apt = [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-o', 'DPkg::Lock::Timeout=300'];
  run([...apt, 'update', '-q'], 'apt-get update');
  run([...apt, 'install', '-yq', '--no-install-recommends', ...missing], 'apt-get install');
}

/** Installs the npm packages when the lockfile differs from the one last installed. */
export function ensureNodePackages() {
  const stamp = join(root, 'node_modules', '.limpid-lock');
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .update(process.version)
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) {
    return;
  }
  say('installing npm packages');
  const gpu = hasNvidiaCard();
  const install = (cuda) =>
    spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
      cwd: root,
      stdio: ['ignore', 2, 2],
      env: {
        ...process.env,
        ...nodeHeaders(),
        NODE_ENV: 'development',
        ...(cuda ? {} : { ONNXRUNTIME_NODE_INSTALL: 'skip' }),
      },
    }).status === 0;
  let done = install(gpu);
  if (!done && gpu) {
    say('the CUDA libraries of onnxruntime could not be downloaded; installing without them');
    done = install(false);
  }
  if (!done) {
    throw new BootstrapError('npm ci failed: read what it printed above, mend that, then run the command again');
  }
  writeFileSync(stamp, wanted);
}

/** Is there a working NVIDIA driver with a card? Only then the large CUDA libraries are worth their download. */
function hasNvidiaCard() {
  return spawnSync('nvidia-smi', ['-L'], { stdio: 'ignore', timeout: 10_000 }).status === 0;
}

/** node-gyp downloads Node's headers unless it is told where they are; most installations carry them. */
function nodeHeaders() {
  const prefix = dirname(dirname(process.execPath));
  return process.env.npm_config_nodedir === undefined && existsSync(join(prefix, 'include/node/node.h'))
    ? { npm_config_nodedir: prefix }
    : {};
}

function missingPackages(wanted) {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the placeholders are dpkg-query's
  const query = spawnSync('dpkg-query', ['-W', '-f=${Package} ${db:Status-Status}\n', ...wanted], { encoding: 'utf8' });
  const installed = new Set(
    query.stdout
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.split(' ')[0]),
  );
  return wanted.filter((name) => !installed.has(name));
}

function requireForeignSystem() {
  if (spawnSync('pkg-config', ['--exists', 'gstreamer-app-1.0'], { stdio: 'ignore' }).status !== 0) {
    throw new BootstrapError(
      'Expected Debian or Ubuntu, or GStreamer 1.20 or newer with its development files and the base, good, bad, ugly and libav plugins: install them with your package manager',
    );
  }
}

function sudoWithoutPassword() {
  return onPath('sudo') && spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0;
}

function onPath(program) {
  return (process.env.PATH ?? '').split(':').some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Runs a command with its output on stderr; a failure is one sentence. */
export function run(command, what) {
  const [program, ...args] = command;
  const { status, error } = spawnSync(program, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) {
    throw new BootstrapError(
      `${what} failed${error ? ` (${error.message})` : ` with exit code ${status}`}: read what it printed above`,
    );
  }
}

/** One line of progress on stderr. */
export function say(line) {
  process.stderr.write(`limpid: ${line}\n`);
}

/** Runs a bootstrap script's body; an expected failure is one sentence and exit code 1. */
export async function main(body) {
  try {
    await body();
  } catch (thrown) {
    if (!(thrown instanceof BootstrapError)) {
      throw thrown;
    }
    process.stderr.write(`limpid: ${thrown.message}\n`);
    process.exitCode = 1;
  }
}
