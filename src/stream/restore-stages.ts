/**
 * Two-stage restoration (Sec. 3.4): a second network whose window is what the first one gave. Two window and restore
 * operators in series, and as many more as there are stages.
 *
 *     frames ─▶ window ─▶ restore ─▶ window ─▶ restore ─▶ restored
 *                 └ N frames of look-ahead  └ N more
 */
import { map, Observable, type OperatorFunction, Subject } from 'rxjs';
import type { Engine } from '../engine/engine.js';
import type { Frame, RestoredFrame } from '../frame/frame.js';
import { Gate } from '../frame/gate.js';
import { type RestoreOptions, restore } from './restore.js';

/** Options of {@link restoreStages}. */
export interface RestoreStagesOptions extends Omit<RestoreOptions, 'engine' | 'onRunDone' | 'onThinned'> {
  /** One for each stage, in order; at least one. */
  readonly engines: readonly Engine[];
}

/**
 * Turns frames into frames restored by every stage, in order of seq, each beside its source frame. A frame that any stage
 * skips is reported once; under `block` each stage waits until the next has room. `wanted` is the last stage's: those
 * before it restore every frame, as its windows need them.
 */
export function restoreStages(options: RestoreStagesOptions): OperatorFunction<Frame, RestoredFrame> {
  const { engines, gate, whenRoom, wanted, runEnds$, ...common } = options;
  const [first, ...rest] = engines;
  if (first === undefined) {
    throw new RangeError('a restoration has at least one stage');
  }
  const wantedAt = (stage: number) => (stage === rest.length && wanted !== undefined ? { wanted } : {});
  const gates = [gate, ...rest.map(() => new Gate())];
  const roomBeyond = (stage: number) => {
    const next = gates[stage + 1];
    return next === undefined ? whenRoom : () => whenOpen(next);
  };
  // A run ends for a stage when the one before it has restored its last frame.
  const runDone = engines.map(() => new Subject<void>());
  const runsOf = (stage: number) => {
    const ends$ = stage === 0 ? runEnds$ : runDone[stage - 1];
    return { ...(ends$ === undefined ? {} : { runEnds$: ends$ }), onRunDone: () => runDone[stage]?.next() };
  };
  const stageOptions = (engine: Engine, stage: number): RestoreOptions => ({
    ...common,
    ...{ engine, gate: gates[stage] ?? gate, whenRoom: roomBeyond(stage) },
    ...wantedAt(stage),
    ...runsOf(stage),
  });
  return (frames$) =>
    rest.reduce(
      (restored$, engine, i) => restored$.pipe(nextStage(stageOptions(engine, i + 1))),
      frames$.pipe(restore(stageOptions(first, 0))),
    );
}

/** Restores what the stage before gave, whose buffers it keeps for as long as a window may hold them. */
function nextStage(options: RestoreOptions): OperatorFunction<RestoredFrame, RestoredFrame> {
  const { engine, onSkip, wanted = () => true } = options;
  return (restored$) =>
    new Observable((subscriber) => {
      const held = new Held(engine.spec.window, wanted);
      const subscription = restored$
        .pipe(
          map((restored) => held.take(restored)),
          restore({
            ...options,
            onThinned: (frame) => held.drop(frame.seq),
            onSkip: (frame, reason, error) => {
              held.finish(frame.seq);
              onSkip(frame, reason, error);
            },
          }),
        )
        .subscribe({
          next: (restored) => {
            subscriber.next(held.joined(restored));
            held.finish(restored.frame.seq);
          },
          error: (error) => subscriber.error(error),
          complete: () => subscriber.complete(),
        });
      return () => {
        subscription.unsubscribe();
        held.releaseAll();
      };
    });
}

/** What the stage before gave and windows may still hold, oldest first. */
class Held {
  readonly #window: number;
  readonly #wanted: (frame: Frame) => boolean;
  readonly #bySeq = new Map<number, RestoredFrame>();
  /** Frames whose windows wait or are at work, oldest first. */
  readonly #unfinished = new Set<number>();

  constructor(window: number, wanted: (frame: Frame) => boolean) {
    this.#window = window;
    this.#wanted = wanted;
  }

  /** Keeps a frame's buffer; the frame for the next stage is without its lease, which stays here. */
  take(restored: RestoredFrame): Frame {
    const { lease, ...frame } = restored.frame;
    lease?.retain();
    this.#bySeq.set(frame.seq, restored);
    if (this.#wanted(frame)) {
      this.#unfinished.add(frame.seq);
    }
    this.#release();
    return frame;
  }

  /** A frame's window was restored, or will not be. */
  finish(seq: number): void {
    this.#unfinished.delete(seq);
    this.#release();
  }

  /** The newest frame stands in no window. */
  drop(seq: number): void {
    this.#bySeq.get(seq)?.frame.lease?.release();
    this.#bySeq.delete(seq);
    this.#unfinished.delete(seq);
  }

  /** Lets go of every buffer. */
  releaseAll(): void {
    for (const { frame } of this.#bySeq.values()) {
      frame.lease?.release();
    }
    this.#bySeq.clear();
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

  /**
   * Lets go of what no window holds: padding reaches back one window at most, and look-ahead holds half of one up. In frames
   * that came, however far apart: seqs leave out what the stage before skipped.
   */
  #release(): void {
    const seqs = [...this.#bySeq.keys()];
    const [oldest] = this.#unfinished;
    const newest = seqs.length - 1;
    const first = Math.min(oldest === undefined ? newest : seqs.indexOf(oldest), newest - this.#window) - this.#window;
    for (const seq of seqs.slice(0, Math.max(0, first + 1))) {
      this.#bySeq.get(seq)?.frame.lease?.release();
      this.#bySeq.delete(seq);
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
