import { mkdtemp, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { importCheckpoint } from '../../src/job/import.js';
import { packageFile } from '../../src/media/package-file.js';
import { importFolder, modelFolders } from '../../src/model/model-folders.js';
import { findModel, modelNames } from '../../src/model/registry.js';
import { checkpointFixture } from '../fixtures/checkpoints.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limpid-folders-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

it('looks in the chosen folder first, then in the user’s, then in the package', () => {
  vi.stubEnv('LIMPID_MODELS', folder);
  vi.stubEnv('XDG_DATA_HOME', '/data');
  expect(modelFolders()).toEqual([folder, '/data/limpid/models', packageFile('models')]);
});

it('takes no relative data folder', () => {
  vi.stubEnv('LIMPID_MODELS', '');
  vi.stubEnv('XDG_DATA_HOME', 'data');
  expect(modelFolders()).toEqual([join(homedir(), '.local/share/limpid/models'), packageFile('models')]);
});

it('imports into the models folder of a clone unless another is chosen', () => {
  vi.stubEnv('LIMPID_MODELS', '');
  expect(importFolder()).toBe(packageFile('models'));
  vi.stubEnv('LIMPID_MODELS', folder);
  expect(importFolder()).toBe(folder);
});

it('finds what was imported beside what came with the package', async () => {
  vi.stubEnv('LIMPID_MODELS', folder);
  await importCheckpoint({ file: checkpointFixture('zip-params').file, name: 'gate' });
  expect(await modelNames()).toEqual(expect.arrayContaining(['gate', 'live-x4']));
  expect(await findModel('gate')).toMatchObject({ name: 'gate', window: 3 });
  expect(await findModel('live-x4')).toMatchObject({ name: 'live-x4' });
});
