import { describe, expect, it, vi } from 'vitest';
import { LimpidError } from '../../src/errors/limpid-error.js';
import type { AudioSlice } from '../../src/frame/audio.js';
import type { Frame } from '../../src/frame/frame.js';
import { Lease } from '../../src/frame/lease.js';
import type { Sink } from '../../src/sink/sink.js';
import { SinkQueue } from '../../src/stream/sink-queue.js';
import { testFrame } from '../fixtures/frames.js';

/** A sink that finishes a write when the test says so. */
class HeldSink implements Sink {
  readonly label = 'held';
  readonly written: number[] = [];
  /** Times of the packets that came with each frame. */
  readonly heard: (bigint | null)[][] = [];
  closed = 0;
  #finish: ((error?: Error) => void) | undefined;

  write(frame: Frame, audio?: AudioSlice): Promise<void> {
    this.written.push(frame.seq);
    this.heard.push((audio?.packets ?? []).map(({ ptsNs }) => ptsNs));
    return new Promise((resolve, reject) => {
      this.#finish = (error) => (error === undefined ? resolve() : reject(error));
    });
  }

  async finish(error?: Error): Promise<void> {
    const finish = this.#finish;
    this.#finish = undefined;
    finish?.(error);
    for (let turn = 0; turn < 10; turn += 1) {
      await Promise.resolve();
    }
  }

  async close(): Promise<void> {
    this.closed += 1;
  }
}

function start(limit: number) {
  const sink = new HeldSink();
  const dropped: number[] = [];
  const failures: string[] = [];
  const recoveries: number[] = [];
  const freed: number[] = [];
  const clock = { ms: 0 };
  const queue = new SinkQueue(sink, {
    limit,
    onDrop: (frame) => dropped.push(frame.seq),
    onFailure: (error, retryInMs) => failures.push(`${error.message}; ${retryInMs}`),
    onRecovery: (lost) => recoveries.push(lost),
    now: () => clock.ms,
  });
  const push = (...seqs: number[]) => {
    for (const seq of seqs) {
      const lease = new Lease(() => freed.push(seq));
      queue.push(testFrame(seq, { lease }));
      lease.release();
    }
  };
  return { sink, queue, push, dropped, failures, recoveries, freed, clock };
}

describe('SinkQueue', () => {
  it('writes in order, one at a time, and gives buffers back', async () => {
    const { sink, push, freed } = start(4);
    push(0, 1);
    expect(sink.written).toEqual([0]);
    await sink.finish();
    expect(sink.written).toEqual([0, 1]);
    expect(freed).toEqual([0]);
  });

  it('says whether its sink is failing, and how many frames it did not take', async () => {
    const { sink, queue, push, clock } = start(2);
    push(0, 1, 2, 3);
    expect([queue.failing, queue.framesLost]).toEqual([false, 1]);
    await sink.finish(new Error('no room'));
    expect([queue.failing, queue.framesLost]).toEqual([true, 4]);
    push(4);
    clock.ms = 60_000;
    push(5);
    await sink.finish();
    expect([queue.failing, queue.framesLost]).toEqual([true, 5]);
    clock.ms = 64_000;
    push(6);
    await sink.finish();
    expect([queue.failing, queue.framesLost]).toEqual([false, 5]);
  });

  it('drops the oldest waiting frame when it is full', async () => {
    const { sink, push, dropped, freed } = start(2);
    push(0, 1, 2, 3);
    expect(dropped).toEqual([1]);
    expect(freed).toEqual([1]);
    await sink.finish();
    await sink.finish();
    await sink.finish();
    expect(sink.written).toEqual([0, 2, 3]);
  });

  it('says when there is room again', async () => {
    const { sink, queue, push, dropped } = start(1);
    push(0, 1);
    let room = false;
    void queue.whenRoom().then(() => {
      room = true;
    });
    await Promise.resolve();
    expect(room).toBe(false);
    await sink.finish();
    expect(room).toBe(true);
    expect(dropped).toEqual([]);
  });

  it('writes what waits before it closes, once', async () => {
    const { sink, queue, push } = start(4);
    push(0, 1);
    const closed = Promise.all([queue.close(), queue.close()]);
    await sink.finish();
    await sink.finish();
    await closed;
    expect(sink.written).toEqual([0, 1]);
    expect(sink.closed).toBe(1);
  });

  it('loses what waits when the sink fails, and tries again later each time until it is well', async () => {
    const { sink, push, failures, recoveries, freed, clock } = start(4);
    const failure = new LimpidError('ERR_SINK_WRITE', 'the disk is full');
    push(0, 1);
    await sink.finish(failure);
    clock.ms = 499;
    push(2);
    expect(sink.written).toEqual([0]);
    clock.ms = 500;
    push(3);
    await sink.finish(failure);
    expect(failures).toEqual(['the disk is full; 500', 'the disk is full; 1000']);
    expect(freed.sort()).toEqual([0, 1, 2, 3]);

    clock.ms = 1_500;
    push(4);
    await sink.finish();
    clock.ms = 4_499;
    push(5);
    await sink.finish();
    expect(recoveries).toEqual([]);
    clock.ms = 4_500;
    push(6);
    await sink.finish();
    expect(recoveries).toEqual([4]);
    push(7);
    await sink.finish(failure);
    expect(failures.at(-1)).toBe('the disk is full; 500');
  });

  it('hands the sound of a dropped frame to the next one', async () => {
    const { sink, queue } = start(2);
    const slice = (ptsNs: bigint) => ({
      caps: 'audio/x-alaw',
      packets: [{ ptsNs, durationNs: null, data: Buffer.alloc(1) }],
    });
    for (const seq of [0, 1, 2, 3]) {
      queue.push(testFrame(seq), slice(BigInt(seq)));
    }
    for (let writes = 0; writes < 3; writes += 1) {
      await sink.finish();
    }
    expect(sink.heard).toEqual([[0n], [1n, 2n], [3n]]);
  });

  it('tries a sink again after its wait though the clock was set back', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'performance'] });
    try {
      const sink = new HeldSink();
      const queue = new SinkQueue(sink, { onDrop: () => undefined, onFailure: () => undefined });
      queue.push(testFrame(0));
      await sink.finish(new Error('full'));
      vi.setSystemTime(Date.now() - 3_600_000);
      vi.advanceTimersByTime(1_000);
      queue.push(testFrame(1));
      expect(sink.written).toEqual([0, 1]);
    } finally {
      vi.useRealTimers();
    }
  });
});
