import { afterAll, beforeAll, expect, it } from 'vitest';
import { CoreTurns } from '../../src/engine/core-turns.js';
import type { Engine } from '../../src/engine/engine.js';
import { engineOptionsSchema } from '../../src/engine/engine-options.js';
import { openLiveStages } from '../../src/engine/live-engine.js';
import { MemoryBudget } from '../../src/engine/memory-budget.js';
import { openEngine } from '../../src/engine/open-engine.js';
import { type TinyModel, writeTinyModel } from '../fixtures/tiny-model.js';
import { noiseFrame, windowOf } from './pictures.js';

const memory = MemoryBudget.ofMachine();
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
  const [stage] = await openLiveStages('tiny', {
    engine,
    live: false,
    turns: new CoreTurns({ cores: 2 }),
    memory,
    onTrouble,
  });
  const received = await restored(stage);
  expect(received.equals(await restored(await openEngine('tiny', { ...options, threads: 1 })))).toBe(true);
  expect(received.equals(await restored(await openEngine('tiny', { threads: 1 })))).toBe(false);
  expect(troubles).toEqual([]);
});

it('restores two streams one frame after the other, whatever each of them waits for', async () => {
  const engine = engineOptionsSchema.parse({});
  const how = {
    engine,
    live: false,
    turns: new CoreTurns({ cores: 1, longestMs: 60_000 }),
    memory,
    onTrouble: () => undefined,
  };
  const [[gate], [yard]] = await Promise.all([openLiveStages('tiny', how), openLiveStages('tiny', how)]);
  try {
    const small = [0, 1, 2].map((seq) => noiseFrame(seq, { width: 24, height: 16 }));
    await Promise.all([gate.open?.({ width: 24, height: 16 }), yard.open?.({ width: 24, height: 16 })]);
    const order: string[] = [];
    const ask = async (stage: Engine, stream: string) => {
      await stage.restore(stream, windowOf(small));
      order.push(stream);
    };
    const asked = [gate, gate, gate, yard, yard, yard].map((stage) => ask(stage, stage === gate ? 'gate' : 'yard'));
    await Promise.all(asked);
    expect(order).toEqual(['gate', 'yard', 'gate', 'yard', 'gate', 'yard']);
    const [full, weaker] = [await gate.restore('gate', windowOf(small)), await yard.restore('yard', windowOf(small))];
    expect(weaker.frame.data).toEqual(full.frame.data);
    yard.setStrength?.(0);
    expect((await yard.restore('yard', windowOf(small))).frame.data).not.toEqual(full.frame.data);
  } finally {
    await Promise.all([gate.dispose(), yard.dispose()]);
  }
});

it('shows frames upscaled where no memory is left for another engine, and restores them once there is', async () => {
  const engine = engineOptionsSchema.parse({ isolation: 'thread', threads: 1 });
  const troubles: string[] = [];
  const onTrouble = ({ message }: Error) => void troubles.push(message);
  const window = windowOf([0, 1, 2].map((seq) => noiseFrame(seq, { width: 24, height: 16 })));
  // What one engine claims, found out with memory enough for many.
  const plenty = new MemoryBudget(2 ** 40);
  const shared = { engine, live: false, turns: new CoreTurns({ cores: 2 }), onTrouble };
  const [alone] = await openLiveStages('tiny', { ...shared, memory: plenty });
  await alone.restore('gate', window);
  const claimed = 2 ** 40 - plenty.leftBytes;
  expect(claimed).toBeGreaterThan(2 ** 16);
  await alone.dispose();
  expect(plenty.leftBytes).toBe(2 ** 40);

  const memory = new MemoryBudget(1.5 * claimed);
  const [first] = await openLiveStages('tiny', { ...shared, memory });
  const [second] = await openLiveStages('tiny', { ...shared, memory });
  try {
    expect((await first.restore('gate', window)).fallback).toBeUndefined();
    expect((await second.restore('yard', window)).fallback).toBe('engine-error');
    expect(troubles[0]).toMatch(
      /^Expected about \d+ MiB of memory for tiny on frames of 24x16 but \d+ MiB are left for engines$/,
    );
    expect(memory.leftBytes).toBe(0.5 * claimed);
    await first.dispose();
    expect((await second.restore('yard', window)).fallback).toBeUndefined();
  } finally {
    await Promise.all([first.dispose(), second.dispose()]);
  }
  expect(memory.leftBytes).toBe(1.5 * claimed);
});

it('starts no worker and claims no memory once it is closed, whatever is still asked of it', async () => {
  const engine = engineOptionsSchema.parse({ threads: 1 });
  const memory = new MemoryBudget(2 ** 40);
  const shared = { engine, live: true, turns: new CoreTurns({ cores: 2 }), memory, onTrouble: () => undefined };
  const [stage] = await openLiveStages('tiny', shared);
  await stage.dispose();
  await expect(stage.open?.({ width: 24, height: 16 })).rejects.toMatchObject({ code: 'ERR_ENGINE' });
  expect(stage.pids).toEqual([]);
  expect(memory.leftBytes).toBe(2 ** 40);
});

it.each([
  ['self-ensemble', { selfEnsemble: 8 }],
  ['tiles', { tile: '232x24', tileOverlap: 8 }],
])('shows a live stream upscaled while the worker of %s opens', async (_, configured) => {
  const [stage] = await openLiveStages('tiny', {
    engine: engineOptionsSchema.parse({ ...configured, threads: 1 }),
    live: true,
    turns: new CoreTurns({ cores: 2 }),
    memory,
    onTrouble: (error) => {
      throw error;
    },
  });
  try {
    const size = { width: 320, height: 24 };
    expect((await stage.restore('live', windowOf(frames))).fallback).toBe('engine-opening');
    await stage.open?.(size);
    expect((await stage.restore('live', windowOf(frames))).fallback).toBeUndefined();
    expect(stage.pids).not.toEqual([]);
  } finally {
    await stage.dispose();
  }
});
