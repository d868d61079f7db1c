/**
 * A checkpoint becomes a model: weights under released names beside a manifest, in a models folder.
 *
 *     FILE.pth ─▶ readNetwork ─▶ fp16 where that loses nothing ─▶ NAME.safetensors, NAME.json
 */
import { createHash, randomUUID } from 'node:crypto';
import { open, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { checkDigest } from '../checkpoint/file-digest.js';
import { narrowToHalf, widenHalf } from '../checkpoint/half-float.js';
import { writeSafetensors } from '../checkpoint/safetensors.js';
import { type EdvrOptions, type EdvrOptionsInput, outputScale } from '../edvr/options.js';
import type { EdvrWeights } from '../edvr/parameters.js';
import { LimpidError, messageOf } from '../errors/limpid-error.js';
import { makeFolder } from '../media/make-folder.js';
import { type Manifest, modelNamePattern, parseManifest, type Task } from '../model/manifest.js';
import { importFolder, modelFolders } from '../model/model-folders.js';
import { type ReadNetwork, readNetwork } from '../model/read-network.js';
import { elementCount } from '../onnx/tensor.js';
import type { PaddingMode } from '../window/padding.js';

/** Options of {@link importCheckpoint}. */
export interface ImportOptions {
  /** A .pth of torch.save, or a .safetensors. */
  readonly file: string;
  /** Name of the model. */
  readonly name: string;
  /** What the weights undo; default: what the network's shape suggests. */
  readonly task?: Task | undefined;
  /** All options that differ from the paper's network, where they are known; default: read off the shapes. */
  readonly options?: EdvrOptionsInput | undefined;
  /** Options that override those read off the shapes, or that leave no trace there. */
  readonly set?: EdvrOptionsInput | undefined;
  /** Temporal padding the weights were trained with; default: replicate with PreDeblur, else reflection_circle. */
  readonly padding?: PaddingMode | undefined;
  /** SPDX expression; default NOASSERTION: nobody said. */
  readonly license?: string | undefined;
  /** Key under which the weights stand in the file; default: params_ema, params, state_dict, top level. */
  readonly section?: string | undefined;
  /** What the file's sha256 begins with, 8 hexadecimal digits or more; default: those in its name, if any. */
  readonly sha256?: string | undefined;
  /** Whether a model of that name is replaced. */
  readonly force?: boolean | undefined;
  /** Where the model goes; default: {@link importFolder}. */
  readonly modelsDir?: string | undefined;
  /** Further notes for the manifest. */
  readonly notes?: Readonly<Record<string, unknown>> | undefined;
  readonly quality?: Manifest['quality'] | undefined;
}

/** What was imported; the document of `limpid import --json`. */
export interface Imported {
  readonly name: string;
  /** The manifest that was written. */
  readonly manifest: string;
  readonly format: Checkpoint['format'];
  /** Key under which the weights stood; null at top level. */
  readonly section: string | null;
  readonly task: Task;
  /** What differs from the paper's network. */
  readonly options: EdvrOptionsInput;
  readonly scale: number;
  readonly window: number;
  readonly padding: PaddingMode;
  readonly parameters: number;
  readonly tensors: number;
  /** How the weights are kept: fp16 only where that loses nothing. */
  readonly dtype: 'fp16' | 'fp32';
  readonly license: string;
}

/** Largest file that is read: the largest network's training state takes a quarter of it. */
const MAX_FILE_BYTES = 1024 ** 3;

/** Names that commands give a meaning of their own. */
const reserved: ReadonlySet<string> = new Set(['bicubic', 'bypass']);

/**
 * Imports a checkpoint. Nothing is written unless the whole file was found good.
 *
 * Throws ERR_USAGE for a name that can't be had, ERR_INPUT_FILE, ERR_CHECKPOINT, ERR_MODEL_MANIFEST for options that are
 * none, ERR_MODEL_CHECKSUM for a file that is not of its digest, ERR_MODEL_WEIGHTS naming the first few keys that are missing, unused or of another shape.
 */
export async function importCheckpoint(options: ImportOptions): Promise<Imported> {
  const folder = options.modelsDir ?? importFolder();
  await checkName(options.name, folder, options.force);
  const file = await readCheckpointFile(options.file);
  const digest = sha256(file);
  checkDigest(digest, path.basename(options.file), options.sha256);
  const network = readAsTold(file, options);
  const { dtype, bytes } = encode(network.weights);
  const manifest = manifestOf(options, network, { dtype, sha256: sha256(bytes) }, digest);
  const manifestFile = await writeModel(folder, manifest, bytes);
  return {
    name: options.name,
    manifest: manifestFile,
    format: network.format,
    section: network.section ?? null,
    task: manifest.task,
    options: network.stated,
    scale: manifest.scale,
    window: manifest.window,
    padding: manifest.padding,
    parameters: [...network.weights.values()].reduce((sum, { dims }) => sum + elementCount(dims), 0),
    tensors: network.weights.size,
    dtype,
    license: manifest.license,
  };
}

/** Whether a model may have a name. Throws ERR_USAGE for one that is none, or that a model has, in whichever folder, unless it is forced. */
export async function checkName(name: string, folder: string, force = false): Promise<void> {
  if (reserved.has(name)) {
    throw new LimpidError(
      'ERR_USAGE',
      `Expected another name for --name: "${name}" is reserved, since commands take it for a baseline without a model`,
    );
  }
  if (!modelNamePattern.test(name)) {
    const received = JSON.stringify(name.slice(0, 80));
    throw new LimpidError(
      'ERR_USAGE',
      `Expected a name of a–z, 0–9, ".", "_" and "-" for --name but received ${received}`,
    );
  }
  if (force) return;
  for (const place of new Set([folder, ...modelFolders()])) {
    const taken = await stat(path.join(place, `${name}.json`)).then(
      () => true,
      () => false,
    );
    if (taken) {
      const done = place === folder ? 'replace it' : 'stand before it';
      throw new LimpidError(
        'ERR_USAGE',
        `Expected a new name but ${name} is a model already (${place}); choose another, or ${done} with --force`,
      );
    }
  }
}

/** Reads the network; a value of `set` that makes no network is the user's mistake, not the file's. */
function readAsTold(bytes: Uint8Array, options: ImportOptions): ReadNetwork {
  try {
    return readNetwork(bytes, path.basename(options.file), options);
  } catch (error) {
    const { set } = options;
    if (set === undefined || !(error instanceof LimpidError) || error.code !== 'ERR_MODEL_MANIFEST') throw error;
    throw new LimpidError('ERR_USAGE', error.message, { cause: error });
  }
}

/** The whole file, once its size is known to be bearable. */
async function readCheckpointFile(file: string): Promise<Uint8Array> {
  try {
    const handle = await open(file);
    try {
      const { size } = await handle.stat();
      if (size > MAX_FILE_BYTES) {
        throw new LimpidError(
          'ERR_INPUT_FILE',
          `Expected a checkpoint of at most ${MAX_FILE_BYTES} bytes but ${file} has ${size}; save net.state_dict() alone`,
        );
      }
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  } catch (cause) {
    if (cause instanceof LimpidError) throw cause;
    const sentence = `Expected a checkpoint at ${file} but could not read it: ${messageOf(cause)}`;
    throw new LimpidError('ERR_INPUT_FILE', sentence, { cause });
  }
}

/** As fp16 where every value survives that unchanged, else fp32. */
function encode(weights: EdvrWeights): { readonly dtype: 'fp16' | 'fp32'; readonly bytes: Uint8Array } {
  const lossless = [...weights.values()].every(({ data }) => {
    const back = widenHalf(narrowToHalf(data));
    return data.every((value, i) => value === back[i]);
  });
  return {
    dtype: lossless ? 'fp16' : 'fp32',
    bytes: writeSafetensors(weights, { dtype: lossless ? 'F16' : 'F32' }),
  };
}

function manifestOf(
  { file, name, task, padding, license, notes, quality }: ImportOptions,
  { stated, options, format, section }: ReadNetwork,
  weights: Pick<Manifest['weights'], 'dtype' | 'sha256'>,
  sourceSha256: string,
): Manifest {
  return {
    formatVersion: 1,
    name,
    task: task ?? taskOf(options),
    architecture: 'edvr',
    options: stated,
    scale: outputScale(options),
    window: options.numFrame,
    padding: padding ?? (options.withPredeblur ? 'replicate' : 'reflection_circle'),
    colour: { space: 'rgb', range: 'full', layout: 'hwc-uint8' },
    size: { min: [8, 8], max: [16384, 16384] },
    license: license ?? 'NOASSERTION',
    training: {
      ...notes,
      importedFrom: { file: path.basename(file), sha256: sourceSha256, format, ...(section ? { section } : {}) },
    },
    weights: { file: `${name}.safetensors`, ...weights },
    ...(quality ? { quality } : {}),
  };
}

/** What a network of this shape was made for, in the paper. */
function taskOf(options: EdvrOptions): Task {
  if (options.withPredeblur) return options.hrIn ? 'deblurring' : 'super-resolution-blur';
  // The second stage of super-resolution has its input at output size.
  return outputScale(options) === 1 && !options.hrIn ? 'restoration' : 'super-resolution';
}

/** Each file appears whole or not at all, the manifest last; gives the manifest's path. */
async function writeModel(folder: string, manifest: Manifest, weights: Uint8Array): Promise<string> {
  const text = `${JSON.stringify(manifest, null, 2)}\n`;
  const file = path.join(folder, `${manifest.name}.json`);
  parseManifest(text, file);
  try {
    makeFolder(folder);
    await replace(path.join(folder, manifest.weights.file), weights);
    await replace(file, text);
  } catch (cause) {
    const sentence = `Expected to write ${manifest.name} to ${folder} but could not: ${messageOf(cause)}; choose another folder with LIMPID_MODELS`;
    throw new LimpidError('ERR_INPUT_FILE', sentence, { cause });
  }
  return file;
}

async function replace(file: string, content: Uint8Array | string): Promise<void> {
  const beside = `${file}.${randomUUID()}.tmp`;
  try {
    await writeFile(beside, content);
    await rename(beside, file);
  } finally {
    await rm(beside, { force: true });
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
