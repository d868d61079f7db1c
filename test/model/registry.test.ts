import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeSafetensors } from '../../src/checkpoint/safetensors.js';
import { findModel, loadModel, modelNames } from '../../src/model/registry.js';
import { type TinyModel, writeTinyModel } from '../fixtures/tiny-model.js';

let tiny: TinyModel;
beforeEach(async () => {
  tiny = await writeTinyModel();
});
afterEach(() => tiny.dispose());

const manifestOf = async () => JSON.parse(await readFile(join(tiny.modelsDir, 'tiny.json'), 'utf8'));
const writeManifest = (manifest: unknown) => writeFile(join(tiny.modelsDir, 'tiny.json'), JSON.stringify(manifest));

it('loads a model with its weights as they were written', async () => {
  const model = await loadModel('tiny', tiny);
  expect(model).toMatchObject({ name: 'tiny', scale: 4, window: 3, padding: 'replicate', license: 'Apache-2.0' });
  expect(model.options).toEqual(tiny.options);
  expect(model.weights).toEqual(tiny.weights);
});

it('lists the models of the folder', async () => {
  expect(await modelNames(tiny)).toEqual(['tiny']);
  expect(await modelNames({ modelsDir: join(tiny.modelsDir, 'missing') })).toEqual([]);
});

it('finds a model without reading its weights', async () => {
  await rm(join(tiny.modelsDir, 'tiny.safetensors'));
  expect(await findModel('tiny', tiny)).toMatchObject({ name: 'tiny', task: 'super-resolution' });
});

it('gives the networks of the paper the same weights on every run', async () => {
  const [a, b] = [await loadModel('edvr-m', tiny), await loadModel('edvr-m', tiny)];
  expect(a.manifest).toBeUndefined();
  expect(a.license).toBeNull();
  const key = 'reconstruction.3.conv2.weight';
  expect(a.weights.get(key)).toEqual(b.weights.get(key));
});

it('looks in the models folder of the package by default', async () => {
  await expect(findModel('no-such-model')).rejects.toMatchObject({ code: 'ERR_MODEL_UNKNOWN' });
});

describe('faults', () => {
  it.each(['nope', '', '../tiny', 'tiny/../tiny', '..', '.tiny', 'Tiny', 'tiny\u0000', 'a'.repeat(65), '/etc/passwd'])(
    'a name that is none: %j',
    async (name) => {
      await expect(loadModel(name, tiny)).rejects.toMatchObject({
        code: 'ERR_MODEL_UNKNOWN',
        message: expect.stringContaining('known are tiny, edvr-m, edvr-m-wotsa, edvr-l,'),
      });
    },
  );

  it('weights that are not those of the manifest', async () => {
    const manifest = await manifestOf();
    await writeManifest({ ...manifest, weights: { ...manifest.weights, sha256: '0'.repeat(64) } });
    await expect(loadModel('tiny', tiny)).rejects.toMatchObject({
      code: 'ERR_MODEL_CHECKSUM',
      message: expect.stringMatching(/^Expected sha256 0{64} but received [0-9a-f]{64} \(.*tiny\.safetensors\)/),
    });
  });

  it('weights that are missing', async () => {
    await rm(join(tiny.modelsDir, 'tiny.safetensors'));
    await expect(loadModel('tiny', tiny)).rejects.toMatchObject({ code: 'ERR_MODEL_WEIGHTS' });
  });

  it('weights of another network', async () => {
    const manifest = await manifestOf();
    await writeManifest({ ...manifest, options: { ...manifest.options, numExtractBlock: 2 } });
    await expect(loadModel('tiny', tiny)).rejects.toMatchObject({
      code: 'ERR_MODEL_WEIGHTS',
      message: expect.stringContaining('feature_extraction.1.conv1.weight'),
    });
  });

  it('weights that are no safetensors', async () => {
    const bytes = writeSafetensors(tiny.weights).subarray(0, 100);
    const { createHash } = await import('node:crypto');
    await writeFile(join(tiny.modelsDir, 'tiny.safetensors'), bytes);
    const manifest = await manifestOf();
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    await writeManifest({ ...manifest, weights: { ...manifest.weights, sha256 } });
    await expect(loadModel('tiny', tiny)).rejects.toMatchObject({ code: 'ERR_MODEL_WEIGHTS' });
  });

  it('a manifest of another name', async () => {
    await writeManifest({ ...(await manifestOf()), name: 'other' });
    await expect(findModel('tiny', tiny)).rejects.toMatchObject({
      code: 'ERR_MODEL_MANIFEST',
      message: expect.stringContaining('Expected "tiny" for name, as the file is called, but received "other"'),
    });
  });
});
