/**
 * Makes an ordinary engine of one that gives float pictures: clamps and rounds, the last thing before a sink.
 */
import type { Size } from '../edvr/geometry.js';
import type { Frame, RestoredFrame } from '../frame/frame.js';
import type { FrameWindow } from '../window/frame-window.js';
import type { Engine, EngineSpec } from './engine.js';
import type { FloatEngine } from './float-engine.js';
import { roundGraph } from './picture-graphs.js';
import type { PictureOps } from './picture-ops.js';

/** Takes over the engine and the picture worker. */
export class RoundedEngine implements Engine {
  readonly spec: EngineSpec;
  readonly #inner: FloatEngine;
  readonly #pictures: PictureOps;

  constructor(inner: FloatEngine, pictures: PictureOps) {
    this.#inner = inner;
    this.#pictures = pictures;
    this.spec = inner.spec;
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
    const { width, height, data, timing, fallback } = await this.#inner.restore(stream, window);
    const dims = [height, width, 3];
    const startMs = performance.now();
    const rounded = await this.#pictures.run({
      key: `round ${dims}`,
      graph: () => roundGraph(dims),
      inputs: [data],
      owned: true,
    });
    const frame: Frame = { ...reference, width, height, data: new Uint8Array(rounded) };
    return {
      frame,
      source: reference,
      timing: { ...timing, restoreMs: timing.restoreMs + performance.now() - startMs },
      ...(fallback === undefined ? {} : { fallback }),
    };
  }

  setStrength(strength: number): void {
    this.#inner.setStrength?.(strength);
  }

  forget(stream: string): void {
    this.#inner.forget(stream);
  }

  async dispose(): Promise<void> {
    await this.#inner.dispose();
    await this.#pictures.dispose();
  }
}
