/**
 * Checkpoints of every format become models that restore as PyTorch does with them.
 */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeSafetensors } from '../../src/checkpoint/safetensors.js';
import { importCheckpoint } from '../../src/job/import.js';
import { inspect } from '../../src/job/inspect.js';
import { loadModel } from '../../src/model/registry.js';
import { checkpointFixture, checkpointFixtures } from '../fixtures/checkpoints.js';
import { parityFrame, parityWeights } from '../fixtures/parity.js';
import { largestDifference, runSplit, runWindow } from '../fixtures/run-graphs.js';

/** Seen are differences of a few 1e-7; a tensor in another's place shows above 1e-5 (models/training/checkpoints.py). */
const TOLERANCE = 2e-6;

let modelsDir: string;
beforeEach(async () => {
  modelsDir = await mkdtemp(join(tmpdir(), 'limpid-import-'));
});
afterEach(() => rm(modelsDir, { recursive: true }));

describe.each(checkpointFixtures())('$name', (fixture) => {
  const { file, options, size, seed, stride, values } = fixture;

  it('restores as PyTorch does', async () => {
    await importCheckpoint({ file, name: 'imported', modelsDir });
    const { weights, options: found } = await loadModel('imported', { modelsDir });
    expect(found).toEqual(options);
    const request = { options: found, size, output: 'float32' } as const;
    const frames = Array.from({ length: found.numFrame }, (_, t) => parityFrame(seed, t, size));
    for (const run of [runWindow, runSplit]) {
      const restored = (await run(request, weights, frames)) as Float32Array;
      const kept = restored.filter((_, i) => i % stride === 0);
      expect(largestDifference(kept, values)).toBeLessThan(TOLERANCE);
    }
  });
});

describe('the model', () => {
  const { file, seed, options } = checkpointFixture('legacy-older-names');

  it('is described by what was found', async () => {
    const imported = await importCheckpoint({ file, name: 'gate', modelsDir });
    expect(imported).toMatchObject({
      name: 'gate',
      manifest: join(modelsDir, 'gate.json'),
      format: 'torch-legacy',
      section: null,
      task: 'super-resolution',
      options: {
        numFeat: 2,
        numFrame: 3,
        deformableGroups: 1,
        numExtractBlock: 1,
        numReconstructBlock: 2,
        tail: 'light',
      },
      scale: 4,
      window: 3,
      padding: 'reflection_circle',
      tensors: 90,
      dtype: 'fp32',
      license: 'NOASSERTION',
    });
    expect(await inspect('gate', { modelsDir })).toMatchObject({ name: 'gate', parameters: imported.parameters });
    expect((await readdir(modelsDir)).sort()).toEqual(['gate.json', 'gate.safetensors']);
  });

  it('has the weights of the file under released names', async () => {
    await importCheckpoint({ file, name: 'gate', modelsDir });
    expect((await loadModel('gate', { modelsDir })).weights).toEqual(parityWeights(options, seed));
  });

  it('says where it comes from, without the path', async () => {
    const { manifest } = await importCheckpoint({ file, name: 'gate', license: 'CC-BY-4.0', modelsDir });
    const json = JSON.parse(await readFile(manifest, 'utf8'));
    expect(json.license).toBe('CC-BY-4.0');
    expect(json.training.importedFrom).toEqual({
      file: 'legacy-older-names.pth',
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      format: 'torch-legacy',
    });
  });

  it('is what the command line says of it', async () => {
    const set = { centerFrameIdx: 0, alignReference: false };
    await importCheckpoint({ file, name: 'gate', task: 'restoration', padding: 'circle', set, modelsDir });
    expect(await loadModel('gate', { modelsDir })).toMatchObject({
      task: 'restoration',
      padding: 'circle',
      options: set,
    });
  });

  it('is kept in 16 bits only where that loses nothing', async () => {
    const dtypeOf = async (name: string) =>
      (await importCheckpoint({ file: checkpointFixture(name).file, name, modelsDir })).dtype;
    expect(await dtypeOf('zip-state-dict-half')).toBe('fp16');
    expect(await dtypeOf('zip-params')).toBe('fp32');
  });

  it('takes the averaged weights unless told otherwise', async () => {
    const averaged = checkpointFixture('zip-params-ema').file;
    const { section } = await importCheckpoint({ file: averaged, name: 'averaged', modelsDir });
    expect(section).toBe('params_ema');
    await importCheckpoint({ file: averaged, name: 'last', section: 'params', modelsDir });
    const { weights } = await loadModel('last', { modelsDir });
    expect(weights.get('conv_last.bias')?.data.every((value) => value === 0)).toBe(true);
  });

  it('may come from safetensors', async () => {
    const weights = parityWeights(options, seed);
    const path = join(modelsDir, 'other.safetensors');
    await writeFile(path, writeSafetensors(weights));
    expect(await importCheckpoint({ file: path, name: 'gate', modelsDir })).toMatchObject({ format: 'safetensors' });
    expect((await loadModel('gate', { modelsDir })).weights).toEqual(weights);
  });

  it('replaces another of its name only when forced', async () => {
    await importCheckpoint({ file, name: 'gate', modelsDir });
    const again = { file: checkpointFixture('zip-params').file, name: 'gate', modelsDir };
    await expect(importCheckpoint(again)).rejects.toMatchObject({
      code: 'ERR_USAGE',
      message: `Expected a new name but gate is a model already (${modelsDir}); choose another, or replace it with --force`,
    });
    expect(await importCheckpoint({ ...again, force: true })).toMatchObject({ format: 'torch-zip' });
  });

  it('stands before a model of the package only when forced', async () => {
    const shadow = { file, name: 'live-x4', modelsDir };
    await expect(importCheckpoint(shadow)).rejects.toMatchObject({
      code: 'ERR_USAGE',
      message: expect.stringMatching(
        /^Expected a new name but live-x4 is a model already \(.*models\); choose another, or stand before it with --force$/,
      ),
    });
    expect(await importCheckpoint({ ...shadow, force: true })).toMatchObject({ name: 'live-x4' });
  });
});

describe('refusals', () => {
  const light = checkpointFixture('zip-params').file;
  const weights = parityWeights(checkpointFixture('zip-params').options, 1);
  const without = (...keys: readonly string[]) => new Map([...weights].filter(([key]) => !keys.includes(key)));
  const one = { dims: [1], data: Float32Array.of(1) };

  it.each([
    [
      'a name with a path',
      { name: '../gate' },
      'ERR_USAGE',
      'Expected a name of a–z, 0–9, ".", "_" and "-" for --name but received "../gate"',
    ],
    [
      'the name of a baseline',
      { name: 'bicubic' },
      'ERR_USAGE',
      'Expected another name for --name: "bicubic" is reserved, since commands take it for a baseline without a model',
    ],
    [
      'the name of another baseline',
      { name: 'bypass' },
      'ERR_USAGE',
      'Expected another name for --name: "bypass" is reserved, since commands take it for a baseline without a model',
    ],
    [
      'an option that is none',
      { set: { numFeats: 2 } as object },
      'ERR_USAGE',
      'Expected only known options but received "numFeats"; known are numFeat,',
    ],
    [
      'a value that is none',
      { set: { numFrame: 4 } },
      'ERR_USAGE',
      'Expected an odd whole number from 1 to 15 for options.numFrame but received 4 (zip-params.pth)',
    ],
    [
      'an option that the shapes deny',
      { set: { numFrame: 5 } },
      'ERR_MODEL_WEIGHTS',
      'Expected tensors of other shapes: fusion.feat_fusion.weight [2,10,1,1], received [2,6,1,1], fusion.spatial_attn1.weight',
    ],
    [
      'more blocks than there are',
      { set: { numReconstructBlock: 3 } },
      'ERR_MODEL_WEIGHTS',
      'Expected tensors that are missing: reconstruction.2.conv1.weight, reconstruction.2.conv1.bias, reconstruction.2.conv2.weight and 1 more (zip-params.pth)',
    ],
    [
      'a file that is not there',
      { file: '/nowhere/x.pth' },
      'ERR_INPUT_FILE',
      'Expected a checkpoint at /nowhere/x.pth but could not read it: ENOENT',
    ],
    [
      'a folder',
      { file: tmpdir() },
      'ERR_INPUT_FILE',
      `Expected a checkpoint at ${tmpdir()} but could not read it: EISDIR`,
    ],
  ])('%s', async (_, change, code, message) => {
    await expect(importCheckpoint({ file: light, name: 'gate', modelsDir, ...change })).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
    expect(await readdir(modelsDir)).toEqual([]);
  });

  it.each([
    [
      'a missing tensor',
      without('conv_last.bias'),
      'Expected tensors that are missing: conv_last.bias (net.safetensors)',
    ],
    [
      'a key of no use',
      new Map([...weights, ['ema_decay', one]]),
      'Expected no tensors that the options have no use for: ema_decay (net.safetensors)',
    ],
    [
      'a key that would move the cursor',
      new Map([...weights, ['\u001b[2Kok\n', one]]),
      'Expected no tensors that the options have no use for: ?[2Kok? (net.safetensors)',
    ],
    [
      'a value that is not finite',
      new Map([...weights, ['conv_last.bias', { dims: [48], data: new Float32Array(48).fill(Number.NaN) }]]),
      'Expected finite values in every tensor: conv_last.bias (net.safetensors)',
    ],
    [
      'a network of another kind',
      new Map([['fc.weight', one]]),
      'Expected the tensors of an EDVR, such as fusion.feat_fusion.weight, but received others: fc.weight (net.safetensors)',
    ],
  ])('%s', async (_, tensors, message) => {
    const file = join(modelsDir, 'net.safetensors');
    await writeFile(file, writeSafetensors(tensors));
    await expect(importCheckpoint({ file, name: 'gate', modelsDir })).rejects.toMatchObject({ message });
    expect(await readdir(modelsDir)).toEqual(['net.safetensors']);
  });
});
