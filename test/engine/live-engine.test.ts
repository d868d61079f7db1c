import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import { engineOptionsSchema } from '../../src/engine/engine-options.js';
import { openLiveStages } from '../../src/engine/live-engine.js';
import { openEngine } from '../../src/engine/open-engine.js';
import { type TinyModel, writeTinyModel } from '../fixtures/tiny-model.js';
import { noiseFrame, windowOf } from './pictures.js';

let model: TinyModel;
const { LIMPID_MODELS: before } = process.env;

beforeAll(async () => {
  model = await writeTinyModel();
  process.env.LIMPID_MODELS = model.modelsDir;
});
afterAll(async () => {
  if (before === undefined) delete process.env.LIMPID_MODELS;
  else process.env.LIMPID_MODELS = before;
  await model.dispose();
});

const frames = [0, 1, 2].map((seq) => noiseFrame(seq, { width: 320, height: 24 }));

async function restored(engine: Engine): Promise<Buffer> {
  try {
    const { frame, fallback } = await engine.restore('live', windowOf(frames));
    expect(fallback).toBeUndefined();
    return Buffer.from(frame.data);
  } finally {
    await engine.dispose();
  }
}

const tile = { width: 232, height: 24 };
it.each([
  ['self-ensemble', { selfEnsemble: 4 }, { selfEnsemble: 4 }],
  ['tiles', { tile: '232x24', tileOverlap: 8 }, { tile, tileOverlap: 8 }],
  [
    'self-ensemble of tiles',
    { selfEnsemble: 4, tile: '232x24', tileOverlap: 8 },
    { selfEnsemble: 4, tile, tileOverlap: 8 },
  ],
] as const)('restores a stream by %s, as restore and evaluate do', async (_, configured, options) => {
  const engine = engineOptionsSchema.parse({ ...configured, threads: 1 });
  const troubles: unknown[] = [];
  const onTrouble = (error: unknown) => void troubles.push(error);
  const [stage] = await openLiveStages('tiny', { engine, live: false, onTrouble });
  const received = await restored(stage);
  expect(received.equals(await restored(await openEngine('tiny', { ...options, threads: 1 })))).toBe(true);
  expect(received.equals(await restored(await openEngine('tiny', { threads: 1 })))).toBe(false);
  expect(troubles).toEqual([]);
});
