import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { edvrOptions } from '../../src/edvr/options.js';
import { pullModel } from '../../src/job/pull.js';
import { findPublished, publishedNames } from '../../src/model/published.js';
import { findModel, loadModel } from '../../src/model/registry.js';
import { checkpointFixture } from '../fixtures/checkpoints.js';
import { parityWeights } from '../fixtures/parity.js';
import { type FileServer, startFileServer } from './file-server.js';

const fixture = checkpointFixture('legacy-older-names');
const sha256 = createHash('sha256').update(fixture.bytes).digest('hex');

let modelsDir: string;
let publishedDir: string;
let server: FileServer;
beforeEach(async () => {
  modelsDir = await mkdtemp(join(tmpdir(), 'limpid-pull-'));
  publishedDir = join(modelsDir, 'published');
  await mkdir(publishedDir);
  server = await startFileServer(fixture.bytes);
});
afterEach(async () => {
  await server.close();
  await rm(modelsDir, { recursive: true });
});

/** Publishes the fixture on loopback; `source` may say other things of it. */
async function publish(source: object = {}, options: object = { numFeat: 2 }): Promise<void> {
  const manifest = {
    formatVersion: 1,
    name: 'gate',
    task: 'restoration',
    architecture: 'edvr',
    options: {
      ...{ numFrame: 3, deformableGroups: 1, numExtractBlock: 1, numReconstructBlock: 2, tail: 'light' },
      ...options,
    },
    scale: 4,
    window: 3,
    padding: 'circle',
    colour: { space: 'rgb', range: 'full', layout: 'hwc-uint8' },
    size: { min: [8, 8], max: [1920, 1080] },
    license: 'CC0-1.0',
    source: { url: server.url, file: 'gate_x4-0badc0de.pth', page: 'http://127.0.0.1/', ...source },
    quality: [{ set: 'nothing', metric: 'psnr-rgb', value: 1 }],
  };
  await writeFile(join(publishedDir, 'gate.json'), JSON.stringify(manifest));
}

const pull = () =>
  pullModel('gate', { modelsDir, publishedDir, attempts: 1, onProgress: ({ received }) => server.seen(received) });

it('fetches a published checkpoint, verifies it, and makes a model of it as the manifest says', async () => {
  await publish({ sha256 });
  expect(await pull()).toMatchObject({ name: 'gate', url: server.url, sha256, verified: 'sha256', tensors: 90 });
  const model = await loadModel('gate', { modelsDir });
  expect(model).toMatchObject({ task: 'restoration', padding: 'circle', license: 'CC0-1.0' });
  expect(model.weights).toEqual(parityWeights(fixture.options, fixture.seed));
  expect((await readdir(modelsDir)).sort()).toEqual(['gate.json', 'gate.safetensors', 'published']);
  const { training, quality } = JSON.parse(await readFile(join(modelsDir, 'gate.json'), 'utf8'));
  expect(training).toMatchObject({ url: server.url, importedFrom: { file: 'gate_x4-0badc0de.pth', sha256 } });
  expect(quality).toHaveLength(1);
});

it.each([
  ['sha256 prefix', { sha256Prefix: sha256.slice(0, 8) }],
  ['nothing', {}],
])('says that it could verify %s', async (verified, source) => {
  await publish(source);
  expect(await pull()).toMatchObject({ verified, sha256 });
});

it('goes on with what a broken download left', async () => {
  await publish({ sha256 });
  server.manner = { breaks: [10_000] };
  await expect(pull()).rejects.toMatchObject({ code: 'ERR_DOWNLOAD' });
  expect(await pull()).toMatchObject({ verified: 'sha256' });
  expect(server.requests[1]?.range).toBe('bytes=10000-');
});

describe('refusals', () => {
  it.each([
    [{ sha256: '0'.repeat(64) }, `sha256 ${'0'.repeat(64)} at`],
    [{ sha256Prefix: 'deadbeef' }, 'sha256 deadbeef… at'],
  ])('a file of another hash, which is deleted: %j', async (source, stated) => {
    await publish(source);
    await expect(pull()).rejects.toMatchObject({
      code: 'ERR_MODEL_CHECKSUM',
      message: `Expected a file of ${stated} ${server.url} but received ${sha256}; it was deleted`,
    });
    expect(await readdir(modelsDir)).toEqual(['published']);
  });

  it('a file of another network than the manifest has', async () => {
    await publish({}, { numFeat: 4 });
    await expect(pull()).rejects.toMatchObject({ code: 'ERR_MODEL_WEIGHTS' });
    expect(await readdir(modelsDir)).toEqual(['published']);
  });

  it('a model that is there already, before anything is fetched', async () => {
    await publish();
    await pull();
    await expect(pull()).rejects.toMatchObject({ code: 'ERR_USAGE' });
    expect(server.requests).toHaveLength(1);
  });

  it('a name that nobody publishes', async () => {
    await publish();
    await expect(pullModel('edvr-xxl', { publishedDir, modelsDir })).rejects.toMatchObject({
      code: 'ERR_MODEL_UNKNOWN',
      message: 'Expected the name of a published checkpoint but received "edvr-xxl"; known are gate',
    });
  });
});

describe('the manifests of the package', () => {
  it('are those of the authors and of the other family', async () => {
    expect(await publishedNames()).toEqual([
      'edvr-l-deblur-reds',
      'edvr-l-deblurcomp-reds',
      'edvr-l-openmmlab',
      'edvr-l-reds',
      'edvr-l-srblur-reds',
      'edvr-l-vimeo90k',
      'edvr-l-wotsa-openmmlab',
      'edvr-m-openmmlab',
      'edvr-m-reds',
      'edvr-m-wotsa-openmmlab',
      'edvr-m-wotsa-reds',
    ]);
  });

  it.each([
    ['edvr-m-reds', 'edvr-m'],
    ['edvr-m-wotsa-reds', 'edvr-m-wotsa'],
    ['edvr-l-reds', 'edvr-l'],
    ['edvr-l-vimeo90k', 'edvr-l-vimeo'],
    ['edvr-l-srblur-reds', 'edvr-l-srblur'],
    ['edvr-l-deblur-reds', 'edvr-l-deblur'],
    ['edvr-l-deblurcomp-reds', 'edvr-l-deblurcomp'],
    ['edvr-l-openmmlab', 'edvr-l'],
    ['edvr-m-openmmlab', 'edvr-m'],
    ['edvr-m-wotsa-openmmlab', 'edvr-m-wotsa'],
  ])('%s has the network %s', async (name, network) => {
    const published = await findPublished(name);
    const card = await findModel(network);
    expect(edvrOptions(published?.options)).toEqual(card.options);
    expect(published).toMatchObject({ name, task: card.task, padding: card.padding, scale: card.scale });
    // Both publishers end a file's name with the first digits of its sha256.
    expect(published?.source.file).toContain(`-${published?.source.sha256Prefix}.pth`);
  });

  it('say how to fetch weights that are not here', async () => {
    await expect(loadModel('edvr-l-reds', { modelsDir })).rejects.toMatchObject({
      code: 'ERR_MODEL_UNKNOWN',
      message:
        'Expected the weights of edvr-l-reds but they are not here yet; limpid models pull edvr-l-reds fetches them',
    });
  });
});
