/**
 * What works on this machine, and how to mend what does not. Looks, never changes anything.
 */
import { messageOf } from '../errors/limpid-error.js';
import { loadModel, modelNames } from '../model/registry.js';
import type { Check } from './doctor-check.js';
import { checkCameras, checkNvidia, checkPort } from './doctor-devices.js';
import { checkGStreamer } from './doctor-gstreamer.js';
import { checkDeformConv, checkNativePackages } from './doctor-native.js';
import { type RunProgram, runProgram } from './run-program.js';

/** What `limpid doctor --json` prints. */
export interface DoctorResult {
  /** Nothing failed; warnings may remain. */
  readonly ok: boolean;
  readonly checks: readonly Check[];
}

/** Options of {@link doctor}. */
export interface DoctorOptions {
  /** Port of the viewer; default 8080. */
  readonly port?: number | undefined;
  /** Folder of the models; default: the package's. */
  readonly modelsDir?: string | undefined;
  /** Folder of the cameras' device files; default '/dev'. */
  readonly devDir?: string | undefined;
  /** Runs gst-inspect-1.0 and node; default: on this machine, at most 30 s each. */
  readonly run?: RunProgram | undefined;
}

/** Least version of Node.js, as package.json says. */
const LEAST_NODE = [20, 19] as const;

/** Looks at everything, at most a few seconds. Never throws for what it finds. */
export async function doctor(options: DoctorOptions = {}): Promise<DoctorResult> {
  const { port = 8080, modelsDir, devDir, run = runProgram } = options;
  const groups = await Promise.all([
    checkNode(process.versions.node),
    checkGStreamer(run),
    checkNativePackages(run),
    checkModels(modelsDir),
    checkNvidia(),
    checkDeformConv(),
    checkCameras(devDir),
    checkPort(port),
  ]);
  const checks = groups.flat();
  return { ok: checks.every(({ status }) => status !== 'fail'), checks };
}

/** Is this Node.js new enough? @param version as in process.versions.node */
export function checkNode(version: string): Check {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > LEAST_NODE[0] || (major === LEAST_NODE[0] && minor >= LEAST_NODE[1])
    ? { name: 'node', status: 'ok', detail: version }
    : {
        name: 'node',
        status: 'fail',
        detail: `${version}, but ${LEAST_NODE.join('.')} or newer is needed`,
        fix: 'install Node.js 20.19 or newer (https://nodejs.org), then npm start',
      };
}

/** Do the weights of every model fit their manifest's sha256 and options? */
export async function checkModels(modelsDir?: string): Promise<readonly Check[]> {
  const registry = { modelsDir };
  const names = await modelNames(registry);
  if (names.length === 0) {
    const fix = 'git checkout -- models, or install the package again';
    return [{ name: 'models', status: 'fail', detail: 'there is no model in the models folder', fix }];
  }
  const checks: Check[] = [];
  for (const name of names) {
    checks.push(await checkModel(name, registry));
  }
  return checks;
}

async function checkModel(model: string, registry: { readonly modelsDir: string | undefined }): Promise<Check> {
  const name = `model ${model}`;
  try {
    const { task, scale, window } = await loadModel(model, registry);
    return { name, status: 'ok', detail: `verified: ${task}, scale ${scale}, ${window} frames` };
  } catch (error) {
    const fix = `git checkout -- models, or fetch it again: limpid models pull ${model}`;
    return { name, status: 'fail', detail: messageOf(error), fix };
  }
}
