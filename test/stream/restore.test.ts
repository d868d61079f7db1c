import { Subject } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import type { Engine, EngineSpec } from '../../src/engine/engine.js';
import { LimpidError } from '../../src/errors/limpid-error.js';
import type { Frame, RestoredFrame } from '../../src/frame/frame.js';
import { Gate } from '../../src/frame/gate.js';
import { type OverloadPolicy, restore } from '../../src/stream/restore.js';
import type { FrameWindow } from '../../src/window/frame-window.js';
import { testFrame } from '../fixtures/frames.js';

/** An engine whose restorations end when the test says so. */
class HeldEngine implements Engine {
  readonly spec: EngineSpec = { kind: 'held', model: 'held', scale: 1, window: 3, padding: 'replicate' };
  readonly windows: string[] = [];
  readonly prepared: number[] = [];
  readonly forgotten: string[] = [];
  #finish: ((error?: LimpidError) => void) | undefined;

  prepare(_stream: string, frame: Frame): void {
    this.prepared.push(frame.seq);
  }

  restore(_stream: string, { reference, frames }: FrameWindow): Promise<RestoredFrame> {
    this.windows.push(frames.map((frame) => frame.seq).join(' '));
    return new Promise((resolve, reject) => {
      this.#finish = (error) =>
        error === undefined
          ? resolve({ frame: reference, source: reference, timing: { waitMs: 0, pyramidMs: 0, restoreMs: 0 } })
          : reject(error);
    });
  }

  /** Ends the restoration in hand and lets its followers run. */
  async finish(error?: LimpidError): Promise<void> {
    const finish = this.#finish;
    this.#finish = undefined;
    finish?.(error);
    for (let turn = 0; turn < 10; turn += 1) {
      await Promise.resolve();
    }
  }

  forget(stream: string): void {
    this.forgotten.push(stream);
  }

  async dispose(): Promise<void> {}
}

function start(policy: OverloadPolicy) {
  const engine = new HeldEngine();
  const frames$ = new Subject<Frame>();
  const gate = new Gate();
  const seen: (number | string)[] = [];
  const skipped: string[] = [];
  const runEnds$ = new Subject<void>();
  const discontinuities: boolean[] = [];
  const subscription = frames$
    .pipe(
      restore({
        engine,
        stream: 'gate',
        policy,
        gate,
        whenRoom: () => Promise.resolve(),
        runEnds$,
        onRunDone: () => seen.push('run done'),
        onSkip: (frame, reason) => skipped.push(`${frame.seq} ${reason}`),
      }),
    )
    .subscribe({
      next: ({ frame }) => {
        seen.push(frame.seq);
        discontinuities.push(frame.discontinuity);
      },
      complete: () => seen.push('complete'),
    });
  const push = (...seqs: number[]) => {
    for (const seq of seqs) {
      frames$.next(testFrame(seq));
    }
  };
  return { engine, frames$, runEnds$, gate, seen, skipped, discontinuities, subscription, push };
}

describe('restore', () => {
  it('skips to the newest window under overload, keeps neighbours adjacent and counts what it skips', async () => {
    const { engine, push, seen, skipped } = start('skip');
    push(0, 1, 2, 3, 4);
    expect(engine.windows).toEqual(['0 0 1']);
    await engine.finish();
    expect(engine.windows).toEqual(['0 0 1', '2 3 4']);
    await engine.finish();
    expect(seen).toEqual([0, 3]);
    expect(skipped).toEqual(['1 overload', '2 overload']);
  });

  it('restores the last frames of a run that has ended, though nothing follows, and says when', async () => {
    const { engine, runEnds$, push, seen, skipped } = start('skip');
    push(0, 1);
    await engine.finish();
    runEnds$.next();
    expect(engine.windows).toEqual(['0 0 1', '0 1 1']);
    expect(seen).toEqual([0]);
    await engine.finish();
    expect(seen).toEqual([0, 1, 'run done']);
    expect(skipped).toEqual([]);
  });

  it('says nothing of a run whose next has begun meanwhile', async () => {
    const { engine, frames$, runEnds$, push, seen } = start('block');
    push(0, 1);
    runEnds$.next();
    frames$.next(testFrame(2, { discontinuity: true }));
    push(3);
    for (let i = 0; i < 3; i += 1) {
      await engine.finish();
    }
    expect(engine.windows).toEqual(['0 0 1', '0 1 1', '2 2 3']);
    expect(seen).toEqual([0, 1, 2]);
  });

  it('flags the frame after a skipped one that began a new run', async () => {
    const { engine, frames$, push, discontinuities } = start('skip');
    push(0, 1);
    frames$.next(testFrame(2, { discontinuity: true }));
    push(3, 4, 5);
    await engine.finish();
    await engine.finish();
    expect(engine.windows).toEqual(['0 0 1', '3 4 5']);
    expect(discontinuities).toEqual([false, true]);
  });

  it('prepares pyramids on arrival only while the engine is idle', () => {
    const { engine, push } = start('skip');
    push(0, 1, 2, 3);
    expect(engine.prepared).toEqual([0, 1]);
  });

  it('restores every frame of a file, in order, and completes after the last', async () => {
    const { engine, frames$, push, seen, skipped } = start('block');
    push(0, 1, 2, 3);
    frames$.complete();
    for (let i = 0; i < 4; i += 1) {
      await engine.finish();
    }
    expect(engine.windows).toEqual(['0 0 1', '0 1 2', '1 2 3', '2 3 3']);
    expect(seen).toEqual([0, 1, 2, 3, 'complete']);
    expect(skipped).toEqual([]);
  });

  it('closes the gate of a file while enough windows wait, and opens it again', async () => {
    const { engine, push, gate } = start('block');
    push(0, 1, 2, 3, 4);
    expect(gate.isOpen).toBe(true);
    push(5);
    expect(gate.isOpen).toBe(false);
    await engine.finish();
    expect(gate.isOpen).toBe(true);
  });

  it('counts a frame the engine failed on and goes on with the next', async () => {
    const { engine, push, seen, skipped } = start('skip');
    push(0, 1);
    await engine.finish(new LimpidError('ERR_ENGINE', 'broken'));
    push(2);
    await engine.finish();
    expect(skipped).toEqual(['0 engine-error']);
    expect(seen).toEqual([1]);
  });

  it('emits nothing after it was unsubscribed, and drops the stream’s pyramids', async () => {
    const { engine, push, seen, subscription } = start('skip');
    push(0, 1);
    subscription.unsubscribe();
    await engine.finish();
    expect(seen).toEqual([]);
    expect(engine.forgotten).toEqual(['gate']);
  });
});

it('thins by what a stream gets of an engine that other streams have too, not by what it would get alone', async () => {
  let nowMs = 0;
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
  try {
    const { engine, frames$ } = start('decimate');
    for (let seq = 0; seq < 60; seq += 1) {
      nowMs += 40;
      frames$.next(testFrame(seq));
      // Its own time is none; the answer comes after three frames.
      if (seq % 3 === 2) {
        await engine.finish();
      }
    }
    const [last = ''] = engine.windows.slice(-1);
    const [a = 0, b = 0, c = 0] = last.split(' ').map(Number);
    expect([b - a, c - b]).toEqual([3, 3]);
  } finally {
    clock.mockRestore();
  }
});
