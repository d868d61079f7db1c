/**
 * One engine made of several, of which the overload ladder has one at work: the heaviest the machine has time for.
 *
 * Windows are those of the longest; a lighter model takes their middle, so that latency does not jump.
 */
import type { Engine, EngineSpec } from '../engine/engine.js';
import { LimpidError } from '../errors/limpid-error.js';
import type { Frame, RestoredFrame } from '../frame/frame.js';
import type { FrameWindow } from '../window/frame-window.js';
import { type LadderMove, OverloadLadder } from './overload-ladder.js';
import type { OverloadOptions } from './overload-options.js';

/** Parts of {@link LadderEngine}. */
export interface LadderParts {
  /** From the wanted one to the lightest, all of one scale. */
  readonly engines: readonly [Engine, ...Engine[]];
  readonly overload: OverloadOptions;
  /** Told of each change of step, in a sentence. */
  readonly onMove: (move: LadderMove, sentence: string) => void;
  readonly now?: () => number;
}

/** Frame interval assumed where a window does not tell, ms. */
const FALLBACK_INTERVAL_MS = 40;
const NS_PER_MS = 1e6;

/** Takes over its engines. Throws ERR_CONFIG where their scales differ. */
export class LadderEngine implements Engine {
  readonly #parts: LadderParts;
  readonly #ladder: OverloadLadder;
  readonly #window: number;
  /** The step at work: follows the ladder's, upwards once the engine there is open. */
  #at = 0;

  constructor(parts: LadderParts) {
    const [first, ...rest] = parts.engines;
    const other = rest.find(({ spec }) => spec.scale !== first.spec.scale);
    if (other !== undefined) {
      throw new LimpidError(
        'ERR_CONFIG',
        `Expected models of one scale but ${first.spec.model} is ×${first.spec.scale} and ${other.spec.model} ×${other.spec.scale}`,
      );
    }
    this.#parts = parts;
    this.#ladder = new OverloadLadder(parts.engines.length, parts.overload);
    this.#window = Math.max(...parts.engines.map(({ spec }) => spec.window));
  }

  /** Model and kind are those at work. */
  get spec(): EngineSpec {
    const { padding } = this.#parts.engines[0].spec;
    return { ...this.#engine.spec, window: this.#window, padding };
  }

  get pids(): readonly number[] {
    return this.#parts.engines.flatMap(({ pids = [] }) => pids);
  }

  /** Where on the ladder it stands: 0 is the model that is wanted. */
  get step(): number {
    return this.#at;
  }

  prepare(stream: string, frame: Frame): void {
    this.#engine.prepare(stream, frame);
  }

  async restore(stream: string, window: FrameWindow): Promise<RestoredFrame> {
    const { now = () => performance.now() } = this.#parts;
    const [at, engine] = [this.#at, this.#engine];
    const startMs = now();
    try {
      const restored = await engine.restore(stream, middleOf(window, engine.spec.window));
      const { fallback } = restored;
      if (fallback === 'engine-opening') {
        return restored;
      }
      const madeDo = at > 0 && engine.spec.kind === 'bypass' && fallback === undefined;
      const shown: RestoredFrame = madeDo ? { ...restored, fallback: 'overload' } : restored;
      if (at !== this.#ladder.step) {
        // What the lighter one does while the heavier one is being opened says nothing of the heavier one.
        return shown;
      }
      const failed = fallback === 'engine-lost' || fallback === 'engine-error';
      const endMs = now();
      this.#follow(
        stream,
        window.reference,
        failed ? this.#ladder.failed() : this.#ladder.restored(endMs - startMs, intervalMs(window), endMs),
      );
      return shown;
    } catch (error) {
      if (at === this.#ladder.step) {
        this.#follow(stream, window.reference, this.#ladder.failed());
      }
      throw error;
    }
  }

  setStrength(strength: number): void {
    for (const engine of this.#parts.engines) {
      engine.setStrength?.(strength);
    }
  }

  forget(stream: string): void {
    for (const engine of this.#parts.engines) {
      engine.forget(stream);
    }
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#parts.engines.map((engine) => engine.dispose()));
  }

  get #engine(): Engine {
    return this.#parts.engines[this.#at] ?? this.#parts.engines[0];
  }

  #follow(stream: string, frame: Frame, move: LadderMove | undefined): void {
    if (move === undefined) {
      return;
    }
    const left = this.#engine;
    const next = this.#parts.engines[move.to] ?? left;
    this.#parts.onMove(move, sentenceOf(move, left.spec, next.spec));
    const enter = (): void => {
      if (this.#ladder.step === move.to) {
        this.#at = move.to;
        left.forget(stream);
      }
    };
    if (move.to > move.from) {
      enter();
    } else {
      // The lighter one goes on until the heavier is ready; where it can't be opened, its first frames tell.
      void Promise.resolve(next.open?.(frame)).then(enter, enter);
    }
  }
}

/** The middle frames of a window. */
function middleOf(window: FrameWindow, size: number): FrameWindow {
  const cut = (window.frames.length - size) >> 1;
  return cut === 0 ? window : { reference: window.reference, frames: window.frames.slice(cut, cut + size) };
}

/** Time between two frames of the source, over the whole window: a single step may be that of an unsteady stamp. */
function intervalMs({ reference, frames }: FrameWindow): number {
  const oldest = frames.reduce((a, b) => (b.seq < a.seq ? b : a), reference);
  const newest = frames.reduce((a, b) => (b.seq > a.seq ? b : a), reference);
  const steps = newest.seq - oldest.seq;
  return steps === 0 ? FALLBACK_INTERVAL_MS : Math.max(1, Number(newest.ptsNs - oldest.ptsNs) / NS_PER_MS / steps);
}

function sentenceOf(
  { from, to, fps, enoughFps, atStart, failed }: LadderMove,
  left: EngineSpec,
  next: EngineSpec,
): string {
  if (to < from) {
    return `overload is over: trying ${next.model} again, as ${left.model} makes ${fps.toFixed(1)} frames a second`;
  }
  const why = failed
    ? `${left.model} fails`
    : `${left.model} makes ${fps.toFixed(1)} frames a second here, fewer than ${enoughFps.toFixed(1)}`;
  return `overload: ${why}; ${atStart ? 'starting' : 'going on'} with ${next.model}`;
}
