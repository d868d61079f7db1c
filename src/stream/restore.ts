/**
 * Restores windows one at a time, and decides what happens to those that arrive meanwhile.
 *
 *     skip    a live source: the newest waiting window wins, older ones are dropped and counted. A window's frames stay
 *             adjacent, so that a restore after a skip may need several new pyramids.
 *     decimate  a live source: of as many frames as the engine is too slow by, one enters a window. Neighbours are farther
 *             apart, and each frame's pyramid is used in every window it stands in.
 *     block   a file: every window waits its turn, and the gate holds the source back.
 */
import { concatMap, NEVER, Observable, type OperatorFunction } from 'rxjs';
import type { Engine } from '../engine/engine.js';
import { LimpidError, messageOf } from '../errors/limpid-error.js';
import type { Frame, RestoredFrame } from '../frame/frame.js';
import type { Gate } from '../frame/gate.js';
import type { SkipReason } from '../frame/live-stream.js';
import { type FrameWindow, frameWindow } from '../window/frame-window.js';
import { Decimation } from './decimation.js';

/** What to do with frames that come faster than they can be restored. */
export type OverloadPolicy = 'skip' | 'decimate' | 'block';

/** Options of {@link restore}. */
export interface RestoreOptions {
  readonly engine: Engine;
  /** The stream's name: the key of its pyramids in the engine. */
  readonly stream: string;
  readonly policy: OverloadPolicy;
  /** Closed while `block` has enough windows waiting. */
  readonly gate: Gate;
  readonly onSkip: (frame: Frame, reason: SkipReason, error?: LimpidError) => void;
  /** A frame is left out by `decimate`, and so stands in no window; told before `onSkip`. */
  readonly onThinned?: (frame: Frame) => void;
  /** Under `block`: resolves when those who take the restored frames have room for the next one. */
  readonly whenRoom: () => Promise<void>;
  /** Whether a frame is to be restored; one that is not still stands in its neighbours' windows. Default: every frame. */
  readonly wanted?: (frame: Frame) => boolean;
  /** Tells that a run of frames has ended and the next may be long in coming: its last frames are restored with padding. */
  readonly runEnds$?: Observable<unknown>;
  /** The last frame of a run that has ended is restored, before any of the next. */
  readonly onRunDone?: () => void;
}

/** Windows that may wait under `block` before the gate closes. */
const BLOCK_HIGH_WATER = 4;

/** Turns frames into restored frames, in order of seq. Completes when the last window has been restored. */
export function restore(options: RestoreOptions): OperatorFunction<Frame, RestoredFrame> {
  const { engine, stream, policy, wanted = () => true, runEnds$ = NEVER } = options;
  const { window: size, padding } = engine.spec;
  return (frames$) =>
    new Observable((subscriber) => {
      const decimation = new Decimation((frame) => {
        options.onThinned?.(frame);
        options.onSkip(frame, 'overload');
      });
      const queue = new RestoreQueue(options, {
        restored: (frame, tookMs) => {
          decimation.observe(frame.timing, tookMs);
          subscriber.next(frame);
        },
        drained: () => subscriber.complete(),
      });
      // A frame's pyramid is computed on arrival only while the engine has nothing better to do: under overload the frame
      // may never be needed.
      const thinned$ = policy === 'decimate' ? frames$.pipe(concatMap((frame) => decimation.take(frame))) : frames$;
      const arrivals$ = new Observable<Frame>((arrivals) =>
        thinned$.subscribe({
          next: (frame) => {
            if (wanted(frame) && (policy === 'block' || queue.idle)) {
              engine.prepare(stream, frame);
            }
            arrivals.next(frame);
          },
          error: (error) => arrivals.error(error),
          complete: () => arrivals.complete(),
        }),
      );
      const subscription = arrivals$.pipe(frameWindow({ size, padding, runEnds$ })).subscribe({
        next: (window) => {
          if (wanted(window.reference)) {
            queue.push(window);
          }
        },
        error: (error) => subscriber.error(error),
        complete: () => queue.end(),
      });
      // After the windows that the end of a run gave.
      subscription.add(runEnds$.subscribe(() => queue.endRun()));
      return () => {
        subscription.unsubscribe();
        queue.cancel();
        engine.forget(stream);
      };
    });
}

interface QueueObserver {
  /** @param tookMs from when the engine was asked to when it answered */
  readonly restored: (frame: RestoredFrame, tookMs: number) => void;
  readonly drained: () => void;
}

/** The windows that wait for the engine, which has one at a time. */
class RestoreQueue {
  readonly #options: RestoreOptions;
  readonly #observer: QueueObserver;
  readonly #waiting: FrameWindow[] = [];
  #busy = false;
  #ended = false;
  #cancelled = false;
  /** A skipped frame began a new run: the next restored one says so in its place. */
  #discontinuityOwed = false;
  /** A run has ended, and nothing of the next has come. */
  #runEnding = false;

  constructor(options: RestoreOptions, observer: QueueObserver) {
    this.#options = options;
    this.#observer = observer;
  }

  get idle(): boolean {
    return !this.#busy && this.#waiting.length === 0;
  }

  push(window: FrameWindow): void {
    if (this.#options.policy !== 'block') {
      for (const late of this.#waiting.splice(0)) {
        this.#skip(late.reference, 'overload');
      }
    }
    this.#runEnding = false;
    this.#waiting.push(window);
    this.#advance();
    this.#setGate();
  }

  endRun(): void {
    this.#runEnding = true;
    this.#finishIfDrained();
  }

  end(): void {
    this.#ended = true;
    this.#finishIfDrained();
  }

  cancel(): void {
    this.#cancelled = true;
    this.#waiting.length = 0;
    this.#options.gate.set(true);
  }

  #advance(): void {
    if (this.#busy) {
      return;
    }
    const window = this.#waiting.shift();
    if (window === undefined) {
      this.#finishIfDrained();
      return;
    }
    this.#busy = true;
    void this.#restore(window);
  }

  async #restore(window: FrameWindow): Promise<void> {
    const { engine, stream, policy, whenRoom } = this.#options;
    const beginsRun = this.#discontinuityOwed;
    this.#discontinuityOwed = false;
    const startMs = performance.now();
    try {
      const restored = await engine.restore(stream, window);
      if (!this.#cancelled) {
        this.#observer.restored(beginsRun ? flagged(restored) : restored, performance.now() - startMs);
      }
      restored.frame.lease?.release();
      if (policy === 'block') {
        await whenRoom();
      }
    } catch (thrown) {
      if (!this.#cancelled) {
        const error =
          thrown instanceof LimpidError ? thrown : new LimpidError('ERR_ENGINE', messageOf(thrown), { cause: thrown });
        this.#discontinuityOwed = beginsRun;
        this.#skip(window.reference, 'engine-error', error);
      }
    }
    this.#busy = false;
    if (!this.#cancelled) {
      this.#advance();
      this.#setGate();
    }
  }

  #skip(frame: Frame, reason: SkipReason, error?: LimpidError): void {
    this.#discontinuityOwed ||= frame.discontinuity;
    this.#options.onSkip(frame, reason, error);
  }

  #setGate(): void {
    this.#options.gate.set(this.#options.policy !== 'block' || this.#waiting.length < BLOCK_HIGH_WATER);
  }

  #finishIfDrained(): void {
    if (!this.idle || this.#cancelled) {
      return;
    }
    if (this.#runEnding) {
      this.#runEnding = false;
      this.#options.onRunDone?.();
    }
    if (this.#ended) {
      this.#observer.drained();
    }
  }
}

function flagged(restored: RestoredFrame): RestoredFrame {
  return { ...restored, frame: { ...restored.frame, discontinuity: true } };
}
