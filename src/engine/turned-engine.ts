/**
 * An engine that restores when its stream's turn at the cores has come. Waiting counts as time of the restoration for
 * whoever asked, so that an overload ladder sees what the stream gets, not what it would get alone.
 */
import type { Size } from '../edvr/geometry.js';
import type { Frame, RestoredFrame } from '../frame/frame.js';
import type { FrameWindow } from '../window/frame-window.js';
import type { CoreTurns } from './core-turns.js';
import type { Engine, EngineSpec } from './engine.js';

/** Takes over an engine, but not the turns. */
export class TurnedEngine implements Engine {
  readonly #inner: Engine;
  readonly #turns: CoreTurns;
  readonly #cores: number;

  /** @param cores that a restoration keeps busy */
  constructor(inner: Engine, turns: CoreTurns, cores: number) {
    this.#inner = inner;
    this.#turns = turns;
    this.#cores = cores;
  }

  get spec(): EngineSpec {
    return this.#inner.spec;
  }

  get pids(): readonly number[] {
    return this.#inner.pids ?? [];
  }

  async open(size: Size): Promise<void> {
    await this.#inner.open?.(size);
  }

  prepare(stream: string, frame: Frame): void {
    this.#inner.prepare(stream, frame);
  }

  restore(stream: string, window: FrameWindow): Promise<RestoredFrame> {
    return this.#turns.during(stream, this.#cores, () => this.#inner.restore(stream, window));
  }

  setStrength(strength: number): void {
    this.#inner.setStrength?.(strength);
  }

  forget(stream: string): void {
    this.#turns.forget(stream);
    this.#inner.forget(stream);
  }

  dispose(): Promise<void> {
    return this.#inner.dispose();
  }
}
