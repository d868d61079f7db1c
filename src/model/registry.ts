/**
 * Models by name: a manifest with weights in the models folder, or a network of the paper with seeded random weights.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { readSafetensors } from '../checkpoint/safetensors.js';
import { checkWeights } from '../edvr/check-weights.js';
import { type EdvrOptions, edvrOptions, outputScale } from '../edvr/options.js';
import type { EdvrWeights } from '../edvr/parameters.js';
import { randomWeights } from '../edvr/random-weights.js';
import { LimpidError, messageOf } from '../errors/limpid-error.js';
import type { PaddingMode } from '../window/padding.js';
import { type Manifest, modelNamePattern, parseManifest, type Task } from './manifest.js';
import { modelFolders } from './model-folders.js';
import { type KnownNetwork, knownNetworks } from './networks.js';
import { publishedNames } from './published.js';

/** Where models are looked for. */
export interface RegistryOptions {
  /** The one folder of manifests and weights; default: those of {@link modelFolders}. */
  readonly modelsDir?: string | undefined;
}

/** A model without its weights. */
export interface ModelCard {
  readonly name: string;
  readonly task: Task;
  readonly options: EdvrOptions;
  /** Output size over input size. */
  readonly scale: number;
  /** Frames in a window, 2N+1. */
  readonly window: number;
  readonly padding: PaddingMode;
  /** Frame sizes (w, h) that the model takes. */
  readonly size: { readonly min: readonly [number, number]; readonly max: readonly [number, number] };
  /** SPDX expression; null for a network without weights of its own. */
  readonly license: string | null;
  /** What its file says; undefined for a network with random weights. */
  readonly manifest: Manifest | undefined;
}

/** A model ready to be emitted. */
export interface Model extends ModelCard {
  readonly weights: EdvrWeights;
}

/** Seed of the weights of networks that have none. */
const SEED = 20190507;

/**
 * A model by name, its weights verified against the manifest's sha256 and the options. Throws ERR_MODEL_UNKNOWN,
 * ERR_MODEL_MANIFEST, ERR_MODEL_CHECKSUM or ERR_MODEL_WEIGHTS.
 */
export async function loadModel(name: string, registry: RegistryOptions = {}): Promise<Model> {
  const { card, folder } = await locate(name, registry);
  if (card.manifest === undefined) return { ...card, weights: randomWeights(card.options, SEED) };
  const file = path.join(folder, card.manifest.weights.file);
  const bytes = await readFile(file).catch((cause: unknown) => {
    const sentence = `Expected the weights of ${name} at ${file} but could not read them: ${messageOf(cause)}`;
    throw new LimpidError('ERR_MODEL_WEIGHTS', sentence, { cause });
  });
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (sha256 !== card.manifest.weights.sha256) {
    const sentence = `Expected sha256 ${card.manifest.weights.sha256} but received ${sha256} (${file}); fetch the file again`;
    throw new LimpidError('ERR_MODEL_CHECKSUM', sentence);
  }
  const weights = readSafetensors(bytes, file);
  checkWeights(card.options, weights, file);
  return { ...card, weights };
}

/** What is known of a model without reading its weights. Throws ERR_MODEL_UNKNOWN or ERR_MODEL_MANIFEST. */
export async function findModel(name: string, registry: RegistryOptions = {}): Promise<ModelCard> {
  return (await locate(name, registry)).card;
}

/** Names of the models in the folders, in order. */
export async function modelNames(registry: RegistryOptions = {}): Promise<readonly string[]> {
  const files = await Promise.all(foldersOf(registry).map((folder) => readdir(folder).catch(() => [])));
  const names = files.flat().filter((file) => file.endsWith('.json'));
  const bare = names.map((file) => file.slice(0, -'.json'.length)).filter((name) => modelNamePattern.test(name));
  return [...new Set(bare)].sort();
}

interface Located {
  readonly card: ModelCard;
  /** Where its manifest was found; empty for a network without one. */
  readonly folder: string;
}

async function locate(name: string, registry: RegistryOptions): Promise<Located> {
  // A name is checked before it becomes part of a path.
  if (!modelNamePattern.test(name)) throw await unknownModel(name, registry);
  for (const folder of foldersOf(registry)) {
    const file = path.join(folder, `${name}.json`);
    const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') return undefined;
      throw new LimpidError('ERR_MODEL_MANIFEST', `Expected to read ${file}: ${messageOf(cause)}`, { cause });
    });
    if (text !== undefined) return { card: cardOf(name, text, file), folder };
  }
  const network = knownNetworks.get(name);
  if (network === undefined) throw await unknownModel(name, registry);
  return { card: networkCard(name, network), folder: '' };
}

function cardOf(name: string, text: string, file: string): ModelCard {
  const { manifest, options } = parseManifest(text, file);
  if (manifest.name !== name) {
    const sentence = `Expected "${name}" for name, as the file is called, but received "${manifest.name}" (${file})`;
    throw new LimpidError('ERR_MODEL_MANIFEST', sentence);
  }
  const { task, scale, window, padding, size, license } = manifest;
  return { name, task, options, scale, window, padding, size, license, manifest };
}

function networkCard(name: string, { task, options: input, padding }: KnownNetwork): ModelCard {
  const options = edvrOptions(input);
  const size = { min: [1, 1], max: [16384, 16384] } as const;
  return {
    name,
    task,
    options,
    scale: outputScale(options),
    window: options.numFrame,
    padding,
    size,
    license: null,
    manifest: undefined,
  };
}

async function unknownModel(name: string, registry: RegistryOptions): Promise<LimpidError> {
  if ((await publishedNames()).includes(name)) {
    const sentence = `Expected the weights of ${name} but they are not here yet; limpid models pull ${name} fetches them`;
    return new LimpidError('ERR_MODEL_UNKNOWN', sentence);
  }
  const known = [...(await modelNames(registry)), ...knownNetworks.keys()].join(', ');
  const received = JSON.stringify(name.slice(0, 80));
  return new LimpidError(
    'ERR_MODEL_UNKNOWN',
    `Expected the name of a model but received ${received}; known are ${known}`,
  );
}

function foldersOf({ modelsDir }: RegistryOptions): readonly string[] {
  return modelsDir === undefined ? modelFolders() : [modelsDir];
}
