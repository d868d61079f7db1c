/**
 * One run of an input through the engines, into an output.
 */
import { catchError, EMPTY, identity, map, type Observable, Subscription, tap } from 'rxjs';
import type { Engine } from '../engine/engine.js';
import { LimpidError, messageOf } from '../errors/limpid-error.js';
import type { DecodedFrame, Frame, RestoredFrame } from '../frame/frame.js';
import { Gate } from '../frame/gate.js';
import { restoreStages } from '../stream/restore-stages.js';
import { markSceneCuts } from '../window/scene-cut.js';
import type { RestoreInput } from './restore-input.js';
import type { RestoreDeps, RestoreOptions, RestoreProgress, RestoreResult } from './restore-options.js';
import type { RestoreOutput } from './restore-output.js';
import { composeView, type RestoreView, viewSize } from './restore-view.js';

/** A last picture may stand for a while; longer than this is worth a sentence. */
const EARLY_END_NS = 1_000_000_000n;
/** What a time that does not rise is moved by: the step of Matroska. */
const MIN_STEP_NS = 1_000_000n;

/** Reads, restores and writes until the input ends, breaks off, or the signal comes; closes the output. */
export class Restoration {
  readonly #input: RestoreInput;
  readonly #output: RestoreOutput;
  /** One for each stage. */
  readonly #engines: readonly Engine[];
  readonly #view: RestoreView;
  readonly #sceneCuts: boolean;
  readonly #deps: RestoreDeps;
  readonly #gate = new Gate();
  readonly #subscription = new Subscription();
  #done = 0;
  #found = 0;
  #durationNs: bigint | null = null;
  #lastPtsNs: bigint | null = null;
  #bent = 0;
  #fallbacks = 0;
  /** The input broke off: told once what came before is written. */
  #brokenOff: unknown = null;
  /** The write in hand, and the one before it: one frame is written while the next is restored. */
  #writing: Promise<void> = Promise.resolve();
  #written: Promise<void> = Promise.resolve();

  constructor(
    input: RestoreInput,
    output: RestoreOutput,
    engines: readonly Engine[],
    { view = 'restored', sceneCuts = true }: RestoreOptions,
    deps: RestoreDeps,
  ) {
    this.#input = input;
    this.#output = output;
    this.#engines = engines;
    this.#view = view;
    this.#sceneCuts = sceneCuts;
    this.#deps = deps;
  }

  async run(): Promise<RestoreResult> {
    const { signal, onNote } = this.#deps;
    const complete = await this.#restoreAll().then(
      async (ended) => {
        await this.#output.close(ended && this.#brokenOff === null);
        return ended;
      },
      async (error: unknown) => {
        // The first failure is the one to tell; closing may only repeat it.
        await this.#output.close(false).catch(() => undefined);
        throw error;
      },
    );
    if (this.#bent > 0) {
      onNote?.(
        this.#bent === 1
          ? '1 frame had no time after the one before it and was moved by a millisecond'
          : `${this.#bent} frames had no time after the one before them and were moved by a millisecond`,
      );
    }
    if (this.#fallbacks > 0) {
      onNote?.(
        `${this.#fallbacks === 1 ? '1 frame is' : `${this.#fallbacks} frames are`}, in whole or in part, upscaled: the network's offsets were not usable there`,
      );
    }
    if (complete) {
      this.#noteEarlyEnd();
    }
    if (this.#brokenOff !== null) {
      throw this.#brokenOffError();
    }
    const interrupted = !complete && signal?.aborted === true;
    return { ...this.#progress(), interrupted, audio: this.#output.audio };
  }

  /** Resolves to whether the input was restored to its end; false when the signal came first. */
  #restoreAll(): Promise<boolean> {
    const { signal } = this.#deps;
    return new Promise<boolean>((resolve, reject) => {
      const stop = (): void => {
        this.#subscription.unsubscribe();
        this.#writing.then(() => resolve(false), reject);
      };
      const fail = (error: unknown): void => {
        this.#subscription.unsubscribe();
        reject(error);
      };
      if (signal?.aborted === true) {
        stop();
        return;
      }
      signal?.addEventListener('abort', stop, { once: true });
      this.#subscription.add(
        this.#restored$(fail).subscribe({
          next: (restored) => this.#take(restored, fail),
          error: fail,
          complete: () => this.#writing.then(() => resolve(true), reject),
        }),
      );
    }).finally(() => this.#subscription.unsubscribe());
  }

  #restored$(fail: (error: unknown) => void): Observable<RestoredFrame> {
    const onDuration = (durationNs: bigint): void => {
      this.#durationNs = durationNs;
    };
    return this.#input.frames$(this.#gate, onDuration).pipe(
      catchError((error: unknown) => {
        this.#brokenOff = error;
        return EMPTY;
      }),
      map((picture, index) => this.#place(picture, index)),
      tap((frame) => {
        if (!this.#wanted(frame)) {
          this.#found += 1;
          this.#count();
        }
      }),
      this.#sceneCuts ? markSceneCuts() : identity,
      restoreStages({
        engines: this.#engines,
        stream: 'restore',
        policy: 'block',
        gate: this.#gate,
        whenRoom: () => this.#written,
        wanted: (frame) => this.#wanted(frame),
        onSkip: (_frame, reason, error) => fail(error ?? new LimpidError('ERR_ENGINE', `A frame was lost: ${reason}`)),
      }),
    );
  }

  /** A frame's place: times are the input's; only one that does not rise is moved, since no container could hold it. */
  #place(picture: DecodedFrame, seq: number): Frame {
    const last = this.#lastPtsNs;
    const rises = last === null || picture.ptsNs > last;
    const ptsNs = rises ? picture.ptsNs : (last ?? 0n) + MIN_STEP_NS;
    this.#bent += rises ? 0 : 1;
    this.#lastPtsNs = ptsNs;
    return { ...picture, ptsNs, seq, session: 0, discontinuity: seq === 0 };
  }

  #wanted({ seq, width, height }: Frame): boolean {
    const scale = this.#engines.reduce((product, { spec }) => product * spec.scale, 1);
    return !this.#output.has(seq, viewSize(this.#view, { width: width * scale, height: height * scale }));
  }

  #take(restored: RestoredFrame, fail: (error: unknown) => void): void {
    const { frame } = restored;
    frame.lease?.retain();
    this.#fallbacks += restored.fallback === undefined ? 0 : 1;
    this.#written = this.#writing;
    this.#writing = this.#writing
      .then(async () => {
        const picture = await composeView(this.#view, restored);
        await this.#output.write(frame.seq, frame.ptsNs, picture);
        this.#count(frame.ptsNs);
      })
      .finally(() => frame.lease?.release());
    this.#writing.catch(fail);
  }

  #count(ptsNs = this.#lastPtsNs): void {
    this.#done += 1;
    this.#deps.onProgress?.(this.#progress(ptsNs));
  }

  #progress(ptsNs: bigint | null = null): RestoreProgress {
    const total = this.#input.frames;
    const share =
      total !== null
        ? this.#done / total
        : this.#durationNs !== null && ptsNs !== null
          ? Math.min(1, Number(ptsNs) / Number(this.#durationNs))
          : null;
    return { done: this.#done, found: this.#found, total, share };
  }

  /** Demuxers end a file that was cut off as one that was not. Its audio may be longer than its video, so it is a note. */
  #noteEarlyEnd(): void {
    const last = this.#lastPtsNs;
    if (this.#durationNs !== null && last !== null && this.#durationNs - last > EARLY_END_NS) {
      const seconds = (ns: bigint): string => (Number(ns) / 1e9).toFixed(1);
      this.#deps.onNote?.(
        `${this.#input.label} says it lasts ${seconds(this.#durationNs)} s but its last picture is at ${seconds(last)} s: it may be cut off`,
      );
    }
  }

  #brokenOffError(): LimpidError {
    const why = this.#brokenOff;
    const code = why instanceof LimpidError ? why.code : 'ERR_SOURCE_LOST';
    const before = this.#done === 1 ? '1 frame before that is' : `${this.#done} frames before that are`;
    const kept = this.#done === 0 ? '' : `; the ${before} restored`;
    return new LimpidError(code, `${messageOf(why)}${kept}`, { cause: why });
  }
}
