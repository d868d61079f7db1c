/**
 * EDVR through onnxruntime in workers, threads or processes: two graphs with cached pyramids.
 */
import type { Size } from '../edvr/geometry.js';
import type { Frame, RestoredFrame } from '../frame/frame.js';
import { Lease } from '../frame/lease.js';
import type { FrameWindow } from '../window/frame-window.js';
import type { Engine, EngineSpec } from './engine.js';
import { type OnnxRuntimeOptions, SizeWorkers } from './size-workers.js';

/** The CPU engine. Restores one window at a time, in the order asked. */
export class OnnxRuntimeEngine implements Engine {
  readonly spec: EngineSpec;
  readonly #workers: SizeWorkers;

  constructor(options: OnnxRuntimeOptions) {
    this.#workers = new SizeWorkers(options, { output: 'uint8', offsets: 'energy', sparing: false });
    this.spec = this.#workers.spec;
  }

  get pids(): readonly number[] {
    return this.#workers.pids;
  }

  open(size: Size): Promise<void> {
    return this.#workers.open(size);
  }

  prepare(stream: string, frame: Frame): void {
    this.#workers.prepare(stream, frame);
  }

  async restore(stream: string, window: FrameWindow): Promise<RestoredFrame> {
    const { reference } = window;
    const { width, height, output, timing, offsets } = await this.#workers.restore(stream, window);
    const lease = new Lease(() => this.#workers.giveBack(output));
    const frame: Frame = { ...reference, width, height, data: new Uint8Array(output), lease };
    const fallback = offsets.fault === undefined ? {} : { fallback: offsets.fault };
    return { frame, source: reference, timing, ...fallback };
  }

  setStrength(strength: number): void {
    this.#workers.setStrength(strength);
  }

  forget(stream: string): void {
    this.#workers.forget(stream);
  }

  dispose(): Promise<void> {
    return this.#workers.dispose();
  }
}
