import { existsSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import { type EngineOptions, engineOptionsSchema } from '../../src/engine/engine-options.js';
import { openEngine } from '../../src/engine/open-engine.js';
import { ResilientEngine } from '../../src/engine/resilient-engine.js';
import { untilGone } from '../fixtures/processes.js';
import { type TinyModel, writeTinyModel } from '../fixtures/tiny-model.js';
import { farthest, noiseFrame, windowOf } from './pictures.js';

const size = { width: 32, height: 24 };
const engines: Engine[] = [];
let model: TinyModel;

beforeAll(async () => {
  model = await writeTinyModel();
});
afterAll(() => model.dispose());
afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(engines.splice(0).map((engine) => engine.dispose()));
});

const window = (first: number) => windowOf([0, 1, 2].map((i) => noiseFrame(first + i, size)));

/** An engine in a worker process, and what it said of trouble. */
async function open(options: Partial<EngineOptions> = {}, whileOpening: 'upscale' | 'wait' = 'wait') {
  const { retryTimeoutMs, threads, ...hosting } = { ...engineOptionsSchema.parse({ threads: 1 }), ...options };
  const inner = await openEngine('tiny', { modelsDir: model.modelsDir, threads, hosting });
  const troubles: string[] = [];
  const engine = new ResilientEngine(inner, {
    retryTimeoutMs,
    whileOpening,
    onTrouble: ({ message }) => troubles.push(message),
  });
  engines.push(engine);
  const pid = (): number => {
    const [first] = engine.pids;
    if (first === undefined) {
      // A signal to process -1 goes to every process.
      throw new Error('Expected a worker process but there is none');
    }
    return first;
  };
  return { engine, troubles, pid };
}

describe('an engine in a worker process', { timeout: 60_000 }, () => {
  it('restores what one in a thread restores', async () => {
    const { engine } = await open();
    const inThread = await openEngine('tiny', { modelsDir: model.modelsDir, threads: 1 });
    engines.push(inThread);
    for (const first of [0, 1, 5]) {
      engine.prepare('a', noiseFrame(first + 2, size));
      const [apart, beside] = [await engine.restore('a', window(first)), await inThread.restore('a', window(first))];
      expect(apart.fallback).toBeUndefined();
      expect(farthest(apart.frame.data, beside.frame.data)).toBe(0);
      apart.frame.lease?.release();
    }
    expect(engine.pids).toHaveLength(1);
  });

  it('restores the same frame again with a new worker when the old one is killed at work', async () => {
    const { engine, troubles, pid } = await open({ retryTimeoutMs: 60_000 });
    const before = await engine.restore('a', window(0));
    const killed = pid();
    const inHand = engine.restore('a', window(0));
    process.kill(killed, 'SIGKILL');
    const after = await inHand;
    expect(after.fallback).toBeUndefined();
    expect(farthest(after.frame.data, before.frame.data)).toBe(0);
    expect(pid()).not.toBe(killed);
    expect(troubles).toEqual(['The engine worker of tiny died of SIGKILL']);
  });

  it.each(['SIGABRT', 'SIGSEGV'] as const)('survives a worker that dies of %s', async (signal) => {
    const { engine, pid } = await open({ retryTimeoutMs: 60_000 });
    await engine.restore('a', window(0));
    process.kill(pid(), signal);
    expect((await engine.restore('a', window(1))).fallback).toBeUndefined();
  });

  it('replaces a worker that hangs', async () => {
    const { engine, troubles, pid } = await open({ retryTimeoutMs: 60_000, restoreTimeoutMs: 300 });
    // The limit's time is the test's: a worker that waits for a core does not hang.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    await engine.restore('a', window(0));
    const hung = pid();
    process.kill(hung, 'SIGSTOP');
    const inHand = engine.restore('a', window(1));
    await new Promise(setImmediate);
    vi.advanceTimersByTime(300);
    expect((await inHand).fallback).toBeUndefined();
    vi.useRealTimers();
    expect(pid()).not.toBe(hung);
    expect(troubles).toHaveLength(1);
    await untilGone(hung);
  });

  it('shows the frame upscaled when no new worker is there in time, and restores again once there is', async () => {
    const { engine, pid } = await open({ retryTimeoutMs: 0 });
    await engine.restore('a', window(0));
    const inHand = engine.restore('a', window(1));
    process.kill(pid(), 'SIGKILL');
    const { frame, source, fallback } = await inHand;
    expect(fallback).toBe('engine-lost');
    expect([frame.width, frame.height, frame.seq]).toEqual([source.width * 4, source.height * 4, source.seq]);
    await engine.open(size);
    expect((await engine.restore('a', window(2))).fallback).toBeUndefined();
  });

  it('shows frames upscaled while the worker opens', async () => {
    const { engine } = await open({}, 'upscale');
    expect((await engine.restore('a', window(0))).fallback).toBe('engine-opening');
    await engine.open(size);
    expect((await engine.restore('a', window(1))).fallback).toBeUndefined();
  });

  it('leaves no process behind when it is disposed of', async () => {
    const { engine, pid } = await open();
    await engine.restore('a', window(0));
    const last = pid();
    await engine.dispose();
    await untilGone(last);
    expect(existsSync(`/proc/${last}/fd`)).toBe(false);
  });
});
