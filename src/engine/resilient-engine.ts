/**
 * An engine for live streams: it always gives a picture. What can't be restored is shown upscaled, and counted.
 *
 *     worker still opens ────────────────────────────────▶ upscaled (engine-opening)
 *     restored ───────────────────────────────────────────▶ as it is
 *     worker died ──▶ a new one, once more ──▶ restored
 *                                └─ not in time, or died again ─▶ upscaled (engine-lost)
 *     onnxruntime refused the frame ──▶ once more ──▶ upscaled (engine-error)
 */
import type { Size } from '../edvr/geometry.js';
import { LimpidError, messageOf } from '../errors/limpid-error.js';
import type { FallbackReason, Frame, RestoredFrame } from '../frame/frame.js';
import type { FrameWindow } from '../window/frame-window.js';
import type { Engine, EngineSpec } from './engine.js';
import { upscaledFrame } from './upscale.js';

/** Options of {@link ResilientEngine}. */
export interface ResilientOptions {
  /** Longest wait for the worker that replaces one that died, before its frame is shown upscaled, ms. */
  readonly retryTimeoutMs: number;
  /** What happens to frames that come while the worker opens: shown upscaled, or made to wait. */
  readonly whileOpening: 'upscale' | 'wait';
  /** Told of every failure, also of those that a second attempt made good. */
  readonly onTrouble: (error: LimpidError) => void;
}

/** Takes over an engine. `restore` rejects only once the engine was disposed of. */
export class ResilientEngine implements Engine {
  readonly #inner: Engine;
  readonly #options: ResilientOptions;
  #disposed = false;

  constructor(inner: Engine, options: ResilientOptions) {
    this.#inner = inner;
    this.#options = options;
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

  async restore(stream: string, window: FrameWindow): Promise<RestoredFrame> {
    const { reference } = window;
    const closed = await this.#whyClosed(reference);
    if (closed !== undefined) {
      return this.#upscaled(reference, closed);
    }
    try {
      return await this.#inner.restore(stream, window);
    } catch (first) {
      const lost = this.#tell(first);
      if (!(await this.#opensAgain(reference))) {
        return this.#upscaled(reference, reasonOf(lost));
      }
    }
    try {
      return await this.#inner.restore(stream, window);
    } catch (second) {
      return this.#upscaled(reference, reasonOf(this.#tell(second)));
    }
  }

  setStrength(strength: number): void {
    this.#inner.setStrength?.(strength);
  }

  forget(stream: string): void {
    this.#inner.forget(stream);
  }

  dispose(): Promise<void> {
    this.#disposed = true;
    return this.#inner.dispose();
  }

  /** Why the worker of a size can't restore now; undefined where it can. Starts it where there is none. */
  async #whyClosed(size: Size): Promise<FallbackReason | undefined> {
    const opening = this.open(size).then(
      () => undefined,
      (error: unknown) => reasonOf(this.#tell(error)),
    );
    return this.#options.whileOpening === 'wait' ? opening : Promise.race([opening, notYet()]);
  }

  /** Waits for a worker to replace the one that died. */
  #opensAgain(size: Size): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), this.#options.retryTimeoutMs);
      this.open(size)
        .then(
          () => resolve(true),
          () => resolve(false),
        )
        .finally(() => clearTimeout(timer));
    });
  }

  #upscaled(reference: Frame, reason: FallbackReason): Promise<RestoredFrame> {
    return upscaledFrame(reference, this.spec.scale, reason);
  }

  #tell(thrown: unknown): LimpidError {
    const error =
      thrown instanceof LimpidError ? thrown : new LimpidError('ERR_ENGINE', messageOf(thrown), { cause: thrown });
    if (this.#disposed) {
      throw error;
    }
    this.#options.onTrouble(error);
    return error;
  }
}

function reasonOf(error: LimpidError): FallbackReason {
  return error.code === 'ERR_ENGINE_LOST' ? 'engine-lost' : 'engine-error';
}

/** What is already settled has its turn first. */
function notYet(): Promise<'engine-opening'> {
  return new Promise((resolve) => setImmediate(() => resolve('engine-opening')));
}
