/** One worker as its engine sees it, with a host that only notes what it is handed. */
import { beforeEach, expect, it, vi } from 'vitest';
import type { EngineHost, EngineHostEvents } from '../../src/engine/engine-host.js';
import { SizeWorker } from '../../src/engine/size-worker.js';
import type { WorkerRequest } from '../../src/engine/worker-protocol.js';
import { noiseFrame, windowOf } from './pictures.js';

const host = vi.hoisted(() => ({ posted: [] as WorkerRequest[], events: undefined as EngineHostEvents | undefined }));
vi.mock('../../src/engine/process-host.js', () => ({
  startProcessHost: (_setup: unknown, events: EngineHostEvents): EngineHost => {
    host.events = events;
    return { pid: 1, post: (request) => void host.posted.push(request), kill: () => undefined };
  },
}));

beforeEach(() => {
  host.posted = [];
});

const size = { width: 24, height: 16 };
const setup = { ...size, model: 'tiny', modelsDir: undefined, threads: 1, incremental: true } as const;
const hosting = { isolation: 'process', openTimeoutMs: 60_000, restoreTimeoutMs: 20_000 } as const;

function openWorker(): SizeWorker {
  return new SizeWorker({ ...setup, output: 'uint8', offsets: 'energy', sparing: false }, hosting);
}

it('takes no frames ahead while its sessions open, however many come', () => {
  const worker = openWorker();
  for (let seq = 0; seq < 100; seq += 1) {
    worker.prepare('a', noiseFrame(seq, size));
  }
  expect(host.posted).toEqual([]);
  host.events?.onReply({ type: 'ready' });
  worker.prepare('a', noiseFrame(100, size));
  expect(host.posted.map(({ type }) => type)).toEqual(['prepare']);
});

it('a window that is asked for meanwhile brings all its frames', () => {
  const worker = openWorker();
  const frames = [0, 1, 2].map((seq) => noiseFrame(seq, size));
  worker.prepare('a', frames[2] ?? noiseFrame(2, size));
  void worker.restore('a', windowOf(frames), new ArrayBuffer(0));
  expect(host.posted).toMatchObject([{ type: 'restore', uploads: [{ seq: 0 }, { seq: 1 }, { seq: 2 }] }]);
});
