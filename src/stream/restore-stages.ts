/**
 * Two-stage restoration (Sec. 3.4): a second network whose window is what the first one gave. Two window and restore
 * operators in series, and as many more as there are stages.
 *
 *     frames ─▶ window ─▶ restore ─▶ window ─▶ restore ─▶ restored
 *                 └ N frames of look-ahead  └ N more
 */
import { map, Observable, type OperatorFunction } from 'rxjs';
import type { Engine } from '../engine/engine.js';
import type { Frame, RestoredFrame } from '../frame/frame.js';
import { Gate } from '../frame/gate.js';
import { type RestoreOptions, restore } from './restore.js';

/** Options of {@link restoreStages}. */
export interface RestoreStagesOptions extends Omit<RestoreOptions, 'engine'> {
  /** One for each stage, in order; at least one. */
  readonly engines: readonly Engine[];
}

/**
 * Turns frames into frames restored by every stage, in order of seq, each beside its source frame. A frame that any stage
 * skips is reported once; under `block` each stage waits until the next has room.
 */
export function restoreStages(options: RestoreStagesOptions): OperatorFunction<Frame, RestoredFrame> {
  const { engines, gate, whenRoom, ...common } = options;
  const [first, ...rest] = engines;
  if (first === undefined) {
    throw new RangeError('a restoration has at least one stage');
  }
  const gates = [gate, ...rest.map(() => new Gate())];
  const roomBeyond = (stage: number) => {
    const next = gates[stage + 1];
    return next === undefined ? whenRoom : () => whenOpen(next);
  };
  return (frames$) =>
    rest.reduce(
      (restored$, engine, i) =>
        restored$.pipe(nextStage({ ...common, engine, gate: gates[i + 1] ?? gate, whenRoom: roomBeyond(i + 1) })),
      frames$.pipe(restore({ ...common, engine: first, gate, whenRoom: roomBeyond(0) })),
    );
}

/** Restores what the stage before gave, whose buffers it keeps for as long as a window may hold them. */
function nextStage(options: RestoreOptions): OperatorFunction<RestoredFrame, RestoredFrame> {
  return (restored$) =>
    new Observable((subscriber) => {
      const held = new Held(options.engine.spec.window);
      const subscription = restored$
        .pipe(
          map((restored) => held.take(restored)),
          restore({
            ...options,
            onSkip: (frame, reason, error) => {
              // Its window has been tried; one that is skipped for overload may still have an earlier one at work.
              if (reason === 'engine-error') {
                held.releaseBefore(frame.seq);
              }
              options.onSkip(frame, reason, error);
            },
          }),
        )
        .subscribe({
          next: (restored) => {
            subscriber.next(held.joined(restored));
            held.releaseBefore(restored.frame.seq);
          },
          error: (error) => subscriber.error(error),
          complete: () => subscriber.complete(),
        });
      return () => {
        subscription.unsubscribe();
        held.releaseBefore(Number.POSITIVE_INFINITY);
      };
    });
}

/** What the stage before gave and windows may still hold. */
class Held {
  readonly #window: number;
  readonly #bySeq = new Map<number, RestoredFrame>();

  constructor(window: number) {
    this.#window = window;
  }

  /** Keeps a frame's buffer; the frame for the next stage is without its lease, which stays here. */
  take(restored: RestoredFrame): Frame {
    restored.frame.lease?.retain();
    this.#bySeq.set(restored.frame.seq, restored);
    const { lease: _lease, ...frame } = restored.frame;
    return frame;
  }

  /** A frame of the next stage beside the source of the first, with the time of both. */
  joined(restored: RestoredFrame): RestoredFrame {
    const before = this.#bySeq.get(restored.frame.seq);
    if (before === undefined) {
      return restored;
    }
    const fallback = restored.fallback ?? before.fallback;
    return {
      frame: restored.frame,
      source: before.source,
      timing: {
        waitMs: before.timing.waitMs,
        pyramidMs: before.timing.pyramidMs + restored.timing.pyramidMs,
        restoreMs: before.timing.restoreMs + restored.timing.restoreMs,
      },
      ...(fallback === undefined ? {} : { fallback }),
    };
  }

  /** Lets go of what no window after that of `seq` holds: padding reaches back one window at most. */
  releaseBefore(seq: number): void {
    for (const [kept, { frame }] of this.#bySeq) {
      if (kept <= seq - this.#window) {
        this.#bySeq.delete(kept);
        frame.lease?.release();
      }
    }
  }
}

function whenOpen(gate: Gate): Promise<void> {
  if (gate.isOpen) {
    return Promise.resolve();
  }
  return new Promise((resolve) => {
    const stop = gate.onChange((open) => {
      if (open) {
        stop();
        resolve();
      }
    });
  });
}
