import { describe, expect, it } from 'vitest';
import { LimpidError } from '../../src/errors/limpid-error.js';
import type { Frame } from '../../src/frame/frame.js';
import { Lease } from '../../src/frame/lease.js';
import type { Sink } from '../../src/sink/sink.js';
import { SinkQueue } from '../../src/stream/sink-queue.js';
import { testFrame } from '../fixtures/frames.js';

/** A sink that finishes a write when the test says so. */
class HeldSink implements Sink {
  readonly label = 'held';
  readonly written: number[] = [];
  closed = 0;
  #finish: ((error?: Error) => void) | undefined;

  write(frame: Frame): Promise<void> {
    this.written.push(frame.seq);
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
  const freed: number[] = [];
  const queue = new SinkQueue(sink, {
    limit,
    onDrop: (frame) => dropped.push(frame.seq),
    onFailure: (error) => failures.push(error.message),
  });
  const push = (...seqs: number[]) => {
    for (const seq of seqs) {
      const lease = new Lease(() => freed.push(seq));
      queue.push(testFrame(seq, { lease }));
      lease.release();
    }
  };
  return { sink, queue, push, dropped, failures, freed };
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

  it('reports a failure once, frees what waits and takes no more', async () => {
    const { sink, push, failures, freed } = start(4);
    push(0, 1);
    await sink.finish(new LimpidError('ERR_SINK_WRITE', 'the disk is full'));
    push(2);
    expect(failures).toEqual(['the disk is full']);
    expect(freed.sort()).toEqual([0, 1, 2]);
    expect(sink.written).toEqual([0]);
  });
});
