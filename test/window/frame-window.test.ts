import { Subject } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import type { Frame } from '../../src/frame/frame.js';
import { type FrameWindow, type FrameWindowOptions, frameWindow } from '../../src/window/frame-window.js';
import { type PaddingMode, paddingModes, windowIndices } from '../../src/window/padding.js';
import { testFrame } from '../fixtures/frames.js';

const replicate3: FrameWindowOptions = { size: 3, padding: 'replicate' };

/** Windows written as the seqs of their frames. */
const seqs = (window: FrameWindow) => window.frames.map((frame) => frame.seq).join(' ');

function run(body: (helpers: Parameters<Parameters<TestScheduler['run']>[0]>[0]) => void): void {
  new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(body);
}

function windowsOf(frames: readonly Frame[], options: FrameWindowOptions): string[] {
  const source$ = new Subject<Frame>();
  const seen: string[] = [];
  source$.pipe(frameWindow(options)).subscribe((window) => seen.push(seqs(window)));
  for (const frame of frames) {
    source$.next(frame);
  }
  source$.complete();
  return seen;
}

describe('frameWindow', () => {
  const [a, b, c, d] = [0, 1, 2, 3].map((seq) => testFrame(seq)) as [Frame, Frame, Frame, Frame];

  it('emits nothing for a stream that never emits', () => {
    run(({ cold, expectObservable }) => {
      expectObservable(cold<Frame>('-').pipe(frameWindow(replicate3))).toBe('-');
    });
  });

  it('completes an empty stream', () => {
    run(({ cold, expectObservable }) => {
      expectObservable(cold<Frame>('--|').pipe(frameWindow(replicate3))).toBe('--|');
    });
  });

  it('waits for N frames of look-ahead and flushes the ring at completion', () => {
    run(({ cold, expectObservable }) => {
      const frames$ = cold('a--b--c--|', { a, b, c });
      expectObservable(frames$.pipe(frameWindow(replicate3))).toBe('---x--y--(z|)', {
        x: { reference: a, frames: [a, a, b] },
        y: { reference: b, frames: [a, b, c] },
        z: { reference: c, frames: [b, c, c] },
      });
    });
  });

  it('passes an error on without flushing', () => {
    run(({ cold, expectObservable }) => {
      const frames$ = cold('a-b-#', { a, b });
      expectObservable(frames$.pipe(frameWindow(replicate3))).toBe('--x-#', { x: { reference: a, frames: [a, a, b] } });
    });
  });

  it('lets go of its source when unsubscribed early', () => {
    run(({ hot, expectObservable, expectSubscriptions }) => {
      const frames$ = hot('a-b-c-d', { a, b, c, d });
      expectObservable(frames$.pipe(frameWindow(replicate3)), '---!').toBe('--x', {
        x: { reference: a, frames: [a, a, b] },
      });
      expectSubscriptions(frames$.subscriptions).toBe('^--!');
    });
  });

  it('flushes the ring at a discontinuity, so that no window spans it', () => {
    const frames = [0, 1, 2, 3, 4, 5].map((seq) => testFrame(seq, { discontinuity: seq === 3 }));
    expect(windowsOf(frames, replicate3)).toEqual(['0 0 1', '0 1 2', '1 2 2', '3 3 4', '3 4 5', '4 5 5']);
  });

  it('flushes the ring when a run ends, without waiting for the frame that begins the next', () => {
    run(({ cold, hot, expectObservable }) => {
      const [e, f] = [4, 5].map((seq) => testFrame(seq, { discontinuity: seq === 4 })) as [Frame, Frame];
      const frames$ = cold('a-b-----------e-f-', { a, b, e, f });
      const runEnds$ = hot('------x--x--------');
      expectObservable(frames$.pipe(frameWindow({ ...replicate3, runEnds$ }))).toBe('--x---y---------z-', {
        x: { reference: a, frames: [a, a, b] },
        y: { reference: b, frames: [a, b, b] },
        z: { reference: e, frames: [e, e, f] },
      });
    });
  });

  it('flushes the ring at a change of size', () => {
    const frames = [testFrame(0), testFrame(1), testFrame(2, { width: 4, data: new Uint8Array(24) })];
    expect(windowsOf(frames, replicate3)).toEqual(['0 0 1', '0 1 1', '2 2 2']);
  });

  it.each(paddingModes.flatMap((mode) => [1, 2, 4, 5, 6, 13].map((length): [PaddingMode, number] => [mode, length])))(
    'gives with %s the windows of a clip of %i frames as if the whole clip were known',
    (padding, length) => {
      const frames = Array.from({ length }, (_, seq) => testFrame(seq));
      const expected = frames.map(({ seq }) => windowIndices(padding, seq, 5, length - 1).join(' '));
      expect(windowsOf(frames, { size: 5, padding })).toEqual(expected);
    },
  );

  it.each(paddingModes)('pads the two sides of a cut with %s as if each were a clip of its own', (padding) => {
    const frames = Array.from({ length: 16 }, (_, seq) => testFrame(seq, { discontinuity: seq === 7 }));
    const clip = (first: number, length: number) =>
      Array.from({ length }, (_, t) =>
        windowIndices(padding, t, 5, length - 1)
          .map((index) => first + index)
          .join(' '),
      );
    expect(windowsOf(frames, { size: 5, padding })).toEqual([...clip(0, 7), ...clip(7, 9)]);
  });
});
