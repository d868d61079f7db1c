/**
 * An engine that opens a size of frames only where memory is left for it: a stream too many is told so, and shown upscaled or
 * on a lighter step, before the machine runs out of memory under all of them.
 */
import type { Size } from '../edvr/geometry.js';
import { LimpidError } from '../errors/limpid-error.js';
import type { Frame, RestoredFrame } from '../frame/frame.js';
import type { FrameWindow } from '../window/frame-window.js';
import type { Engine, EngineSpec } from './engine.js';
import type { MemoryBudget } from './memory-budget.js';

const MIB = 2 ** 20;

/** Takes over an engine, but not the budget. */
export class BudgetedEngine implements Engine {
  readonly #inner: Engine;
  readonly #budget: MemoryBudget;
  readonly #needed: (size: Size) => number;
  /** The size that the claim is for, "WxH". */
  #claimed = '';
  #disposed = false;

  /** @param needed bytes that restoring frames of a size takes, estimated */
  constructor(inner: Engine, budget: MemoryBudget, needed: (size: Size) => number) {
    this.#inner = inner;
    this.#budget = budget;
    this.#needed = needed;
  }

  get spec(): EngineSpec {
    return this.#inner.spec;
  }

  get pids(): readonly number[] {
    return this.#inner.pids ?? [];
  }

  async open(size: Size): Promise<void> {
    this.#claim(size);
    await this.#inner.open?.(size);
  }

  prepare(stream: string, frame: Frame): void {
    if (this.#claimed === nameOf(frame)) {
      this.#inner.prepare(stream, frame);
    }
  }

  async restore(stream: string, window: FrameWindow): Promise<RestoredFrame> {
    this.#claim(window.reference);
    return await this.#inner.restore(stream, window);
  }

  setStrength(strength: number): void {
    this.#inner.setStrength?.(strength);
  }

  forget(stream: string): void {
    this.#inner.forget(stream);
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    await this.#inner.dispose();
    this.#budget.release(this);
  }

  /** Throws ERR_ENGINE where the memory is not left. Of an engine that is closed, which opens nothing, it claims none. */
  #claim(size: Size): void {
    if (this.#disposed || this.#claimed === nameOf(size)) {
      return;
    }
    const bytes = this.#needed(size);
    if (!this.#budget.claim(this, bytes)) {
      throw new LimpidError(
        'ERR_ENGINE',
        `Expected about ${mebibytes(bytes)} MiB of memory for ${this.spec.model} on frames of ${nameOf(size)} but ${mebibytes(this.#budget.leftBytes)} MiB are left for engines`,
      );
    }
    this.#claimed = nameOf(size);
  }
}

function nameOf({ width, height }: Size): string {
  return `${width}x${height}`;
}

function mebibytes(bytes: number): number {
  return Math.max(0, Math.round(bytes / MIB));
}
