import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { of } from 'rxjs';
import { expect, it } from 'vitest';
import { checkConfig } from '../../src/index.js';
import { AutoScale, lookAt } from '../../src/service/auto-scale.js';
import type { Source } from '../../src/source/source.js';
import { testFrame } from '../fixtures/frames.js';
import { writeTinyModel } from '../fixtures/tiny-model.js';

it('measures the machine again after a measurement that failed', async () => {
  const tiny = await writeTinyModel();
  const { LIMPID_MODELS: before } = process.env;
  process.env.LIMPID_MODELS = tiny.modelsDir;
  try {
    // Cheaper than ours: the one that is measured.
    const inFolder = (file: string) => join(tiny.modelsDir, file);
    const manifest = readFileSync(inFolder('tiny.json'), 'utf8').replaceAll('"tiny', '"live-tiny');
    writeFileSync(inFolder('live-tiny.json'), manifest);
    const weights = readFileSync(inFolder('tiny.safetensors'));
    writeFileSync(inFolder('live-tiny.safetensors'), weights.subarray(0, -4));

    const [stream] = checkConfig({ streams: [{ name: 'gate', source: 'test:ball', scale: 'auto' }] }).streams;
    if (stream === undefined) {
      throw new RangeError('there is one stream');
    }
    const source: Source = {
      label: 'camera',
      live: true,
      session$: () => of(...[0, 1, 2, 3].map((seq) => testFrame(seq))),
    };
    const autoScale = new AutoScale();
    await expect(autoScale.resolve(stream, source, false)).rejects.toMatchObject({
      code: expect.stringMatching(/^ERR_MODEL_/),
    });
    writeFileSync(inFolder('live-tiny.safetensors'), weights);
    expect((await autoScale.resolve(stream, source, false)).sentence).toMatch(/^scale auto: live-/);
  } finally {
    if (before === undefined) delete process.env.LIMPID_MODELS;
    else process.env.LIMPID_MODELS = before;
    await tiny.dispose();
  }
});

it('takes the rate of a camera by the middle of its first steps, of which one may be that of a lost picture', async () => {
  const after = (...seconds: number[]): Source => ({
    label: 'camera',
    live: true,
    session$: () => of(...seconds.map((s, seq) => ({ ...testFrame(seq), ptsNs: BigInt(s * 1e9) }))),
  });
  expect(await lookAt(after(0, 1, 1.04, 1.08))).toMatchObject({ framesPerSecond: 25 });
  expect(await lookAt(after(0, 0.04, 0.12, 0.16))).toMatchObject({ framesPerSecond: 25 });
  expect(await lookAt(after(0, 0, 0, 0))).toMatchObject({ framesPerSecond: undefined });
  expect(await lookAt(after(0))).toMatchObject({ framesPerSecond: undefined });
});
