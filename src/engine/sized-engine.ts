/**
 * Two engines of one model, chosen by the size of the frame: whole frames where they fit, tiles where they don't.
 */
import type { Size } from '../edvr/geometry.js';
import type { Frame, RestoredFrame } from '../frame/frame.js';
import type { FrameWindow } from '../window/frame-window.js';
import type { Engine, EngineSpec } from './engine.js';

/** Parts of {@link SizedEngine}. */
export interface SizedParts {
  readonly whole: Engine;
  readonly tiled: Engine;
  /** Whether frames of a size are for `whole`. */
  readonly fits: (frame: Size) => boolean;
}

/** Takes over both engines. Neither opens anything before its first frame. */
export class SizedEngine implements Engine {
  readonly spec: EngineSpec;
  readonly #parts: SizedParts;

  constructor(parts: SizedParts) {
    this.#parts = parts;
    this.spec = parts.whole.spec;
  }

  get pids(): readonly number[] {
    return [...(this.#parts.whole.pids ?? []), ...(this.#parts.tiled.pids ?? [])];
  }

  async open(size: Size): Promise<void> {
    await this.#engineOf(size).open?.(size);
  }

  prepare(stream: string, frame: Frame): void {
    this.#engineOf(frame).prepare(stream, frame);
  }

  restore(stream: string, window: FrameWindow): Promise<RestoredFrame> {
    return this.#engineOf(window.reference).restore(stream, window);
  }

  setStrength(strength: number): void {
    this.#parts.whole.setStrength?.(strength);
    this.#parts.tiled.setStrength?.(strength);
  }

  forget(stream: string): void {
    this.#parts.whole.forget(stream);
    this.#parts.tiled.forget(stream);
  }

  async dispose(): Promise<void> {
    await Promise.all([this.#parts.whole.dispose(), this.#parts.tiled.dispose()]);
  }

  #engineOf(frame: Size): Engine {
    return this.#parts.fits(frame) ? this.#parts.whole : this.#parts.tiled;
  }
}
