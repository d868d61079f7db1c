import { Subject } from 'rxjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import type { Frame, RestoredFrame } from '../../src/frame/frame.js';
import { Gate } from '../../src/frame/gate.js';
import { Lease } from '../../src/frame/lease.js';
import { restoreStages } from '../../src/stream/restore-stages.js';
import type { FrameWindow } from '../../src/window/frame-window.js';
import { testFrame } from '../fixtures/frames.js';

/** An engine of three frames whose picture is the sum of its window's first bytes, in pooled buffers. */
class SumEngine implements Engine {
  readonly spec = { kind: 'sum', model: 'sum', scale: 1, window: 3, padding: 'replicate' } as const;
  readonly windows: string[] = [];
  free = 0;
  lent = 0;
  mostHeld = 0;

  prepare(): void {}

  async restore(_stream: string, window: FrameWindow): Promise<RestoredFrame> {
    this.windows.push(window.frames.map(({ seq }) => seq).join(' '));
    const data = new Uint8Array(12).fill(window.frames.reduce((sum, frame) => sum + (frame.data[0] ?? 0), 0));
    this.lent += 1;
    this.mostHeld = Math.max(this.mostHeld, this.lent - this.free);
    const lease = new Lease(() => {
      // What a pool does: the buffer is filled again, whoever still looks at it.
      data.fill(255);
      this.free += 1;
    });
    const timing = { waitMs: 5, pyramidMs: 1, restoreMs: 2 };
    return { frame: { ...window.reference, data, lease }, source: window.reference, timing };
  }

  forget(): void {}

  async dispose(): Promise<void> {}
}

interface Seen {
  readonly seq: number;
  readonly value: number;
  readonly source: Frame;
  readonly restoreMs: number;
}

function run(
  engines: readonly Engine[],
  count: number,
  { failing, wanted }: { readonly failing?: number; readonly wanted?: (frame: Frame) => boolean } = {},
): Promise<Seen[]> {
  const seen: Seen[] = [];
  const frames$ = new Subject<Frame>();
  const gate = new Gate();
  return new Promise((resolve, reject) => {
    const skipped: string[] = [];
    frames$
      .pipe(
        restoreStages({
          engines,
          stream: 'a',
          policy: 'block',
          gate,
          onSkip: (frame, reason) => skipped.push(`${frame.seq} ${reason}`),
          whenRoom: () => Promise.resolve(),
          ...(wanted === undefined ? {} : { wanted }),
        }),
      )
      .subscribe({
        next: ({ frame, source, timing }) =>
          seen.push({ seq: frame.seq, value: frame.data[0] ?? -1, source, restoreMs: timing.restoreMs }),
        error: reject,
        complete: () => {
          expect(skipped).toEqual(failing === undefined ? [] : [`${failing} engine-error`]);
          resolve(seen);
        },
      });
    for (let seq = 0; seq < count; seq += 1) {
      frames$.next(testFrame(seq, { data: new Uint8Array(12).fill(seq) }));
    }
    frames$.complete();
  });
}

/** What `replicate` windows of three sum up to. */
function sums(values: readonly number[]): number[] {
  const at = (i: number) => values[Math.min(Math.max(i, 0), values.length - 1)] ?? 0;
  return values.map((_, i) => at(i - 1) + at(i) + at(i + 1));
}

afterEach(() => void vi.restoreAllMocks());

describe('restoreStages', () => {
  it('gives the second stage windows of what the first restored, padded anew, in order', async () => {
    const [first, second] = [new SumEngine(), new SumEngine()];
    const seen = await run([first, second], 8);
    const inputs = [0, 1, 2, 3, 4, 5, 6, 7];
    expect(seen.map(({ seq }) => seq)).toEqual(inputs);
    expect(seen.map(({ value }) => value)).toEqual(sums(sums(inputs)));
    expect(second.windows).toEqual(first.windows);
  });

  it('puts the first stage’s source beside the picture, and adds up the times', async () => {
    const seen = await run([new SumEngine(), new SumEngine(), new SumEngine()], 5);
    expect(seen.map(({ source }) => source.data[0])).toEqual([0, 1, 2, 3, 4]);
    expect(new Set(seen.map(({ restoreMs }) => restoreMs))).toEqual(new Set([6]));
  });

  it('gives back every buffer of the first stage, and none before its last window', async () => {
    const [first, second] = [new SumEngine(), new SumEngine()];
    const seen = await run([first, second], 20);
    // A buffer given back too early would have been filled with 255.
    expect(seen.map(({ value }) => value)).toEqual(sums(sums(Array.from({ length: 20 }, (_, i) => i))));
    expect([first.lent, first.free, second.free]).toEqual([20, 20, 20]);
  });

  it('goes on after a window that the second stage could not restore', async () => {
    const second = new SumEngine();
    const restore = second.restore.bind(second);
    second.restore = (stream, window) =>
      window.reference.seq === 3 ? Promise.reject(new Error('no')) : restore(stream, window);
    const first = new SumEngine();
    const seen = await run([first, second], 7, { failing: 3 });
    expect(seen.map(({ seq }) => seq)).toEqual([0, 1, 2, 4, 5, 6]);
    expect(first.free).toBe(7);
  });

  it('restores in the last stage what is wanted, in the others what that needs, and keeps no buffer for the rest', async () => {
    const [first, second] = [new SumEngine(), new SumEngine()];
    const expected = sums(sums(Array.from({ length: 30 }, (_, i) => i)));
    const seen = await run([first, second], 30, { wanted: ({ seq }) => seq >= 26 });
    expect(seen.map(({ seq, value }) => [seq, value])).toEqual(
      [26, 27, 28, 29].map((seq) => [seq, (expected[seq] ?? 0) % 256]),
    );
    expect([first.lent, first.free, second.lent]).toEqual([30, 30, 4]);
    expect(first.mostHeld).toBeLessThan(12);
  });

  it('restores the last frames of a run in every stage, though nothing follows', async () => {
    const frames$ = new Subject<Frame>();
    const runEnds$ = new Subject<void>();
    const seen: number[] = [];
    const subscription = frames$
      .pipe(
        restoreStages({
          ...{ engines: [new SumEngine(), new SumEngine()], stream: 'a', policy: 'skip', gate: new Gate(), runEnds$ },
          onSkip: () => expect.unreachable(),
          whenRoom: () => Promise.resolve(),
        }),
      )
      .subscribe(({ frame }) => seen.push(frame.seq));
    for (const seq of [0, 1, 2]) {
      frames$.next(testFrame(seq));
      await new Promise(setImmediate);
    }
    expect(seen).toEqual([0]);
    runEnds$.next();
    await new Promise(setImmediate);
    expect(seen).toEqual([0, 1, 2]);
    subscription.unsubscribe();
  });

  it.each(['skip', 'decimate'] as const)(
    'keeps the neighbours of a window under %s, however far apart',
    async (policy) => {
      const [first, second] = [new SumEngine(), new SumEngine()];
      const [restoreFirst, restoreSecond] = [first.restore.bind(first), second.restore.bind(second)];
      const given = new Map<number, number | undefined>();
      let answer: () => void = () => undefined;
      first.restore = async (stream, window) => {
        const restored = await restoreFirst(stream, window);
        given.set(restored.frame.seq, restored.frame.data[0]);
        if (policy === 'skip') {
          await new Promise<void>((resolve) => {
            answer = resolve;
          });
        }
        return { ...restored, timing: { ...restored.timing, pyramidMs: 0, restoreMs: 0 } };
      };
      // Eight frames long: `decimate` goes by what the stage states.
      second.restore = async (stream, window) => {
        // A buffer given back too early would have been filled with 255.
        expect(window.frames.map(({ data }) => data[0])).toEqual(window.frames.map(({ seq }) => given.get(seq)));
        const restored = await restoreSecond(stream, window);
        return { ...restored, timing: { ...restored.timing, restoreMs: 320 } };
      };
      // No time passes: a test that waits for a core would be thinned in its first stage too.
      vi.spyOn(performance, 'now').mockReturnValue(0);
      const frames$ = new Subject<Frame>();
      const skipped: string[] = [];
      const subscription = frames$
        .pipe(
          restoreStages({
            ...{ engines: [first, second], stream: 'a', policy, gate: new Gate() },
            onSkip: (_, reason) => skipped.push(reason),
            whenRoom: () => Promise.resolve(),
          }),
        )
        .subscribe();
      for (let seq = 0; seq < 100; seq += 1) {
        frames$.next(testFrame(seq));
        if (seq % 8 === 7) {
          answer();
        }
        await new Promise(setImmediate);
      }
      expect(new Set(skipped)).toEqual(new Set(['overload']));
      expect(second.windows.length).toBeGreaterThan(8);
      expect(first.mostHeld).toBeLessThan(12);
      subscription.unsubscribe();
      answer();
      await new Promise(setImmediate);
      expect(first.free).toBe(first.lent);
    },
  );

  it('is one restoration with one engine', async () => {
    const engine = new SumEngine();
    expect((await run([engine], 4)).map(({ value }) => value)).toEqual(sums([0, 1, 2, 3]));
  });
});
