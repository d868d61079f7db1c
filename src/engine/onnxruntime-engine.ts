/**
 * EDVR through onnxruntime in worker threads: two graphs with cached pyramids.
 *
 * A session is made for one exact frame size, and making it blocks its thread; so every size has a worker of its own. A
 * new size opens beside the old one, which is closed once it has nothing left to do.
 */
import { availableParallelism } from 'node:os';
import { LimpidError } from '../errors/limpid-error.js';
import type { Frame, RestoredFrame } from '../frame/frame.js';
import { Lease } from '../frame/lease.js';
import type { FrameWindow } from '../window/frame-window.js';
import type { PaddingMode } from '../window/padding.js';
import { BufferPool } from './buffer-pool.js';
import type { Engine, EngineSpec } from './engine.js';
import { SizeWorker } from './size-worker.js';

/** Options of {@link OnnxRuntimeEngine}. */
export interface OnnxRuntimeOptions {
  readonly model: string;
  readonly scale: number;
  readonly window: number;
  readonly padding: PaddingMode;
  /** Where models lie; default: the models folder of the package. */
  readonly modelsDir?: string;
  /** Threads within one operator; default: the cores of the machine, at most 4. */
  readonly threads?: number;
  /** Default true. false is slower and, but for rounding, the same: the first offset convolutions run once a pair of frames. */
  readonly incremental?: boolean;
}

/** Sizes kept open at once: one in use and one on its way in or out. */
const OPEN_SIZES = 2;
/** Free output buffers kept: one restoring, one encoding, one recording, one to spare. */
const OUTPUT_BUFFERS = 4;

/** The CPU engine. Restores one window at a time, in the order asked. */
export class OnnxRuntimeEngine implements Engine {
  readonly spec: EngineSpec;
  readonly #options: OnnxRuntimeOptions;
  readonly #outputs = new BufferPool(OUTPUT_BUFFERS);
  /** Most recently used last. */
  #workers: SizeWorker[] = [];
  #disposed = false;

  constructor(options: OnnxRuntimeOptions) {
    this.#options = options;
    const { model, scale, window, padding, incremental = true } = options;
    this.spec = { kind: incremental ? 'onnxruntime' : 'onnxruntime-plain', model, scale, window, padding };
  }

  prepare(stream: string, frame: Frame): void {
    if (!this.#disposed) {
      this.#workerFor(frame).prepare(stream, frame);
    }
  }

  async restore(stream: string, window: FrameWindow): Promise<RestoredFrame> {
    if (this.#disposed) {
      throw new LimpidError('ERR_ENGINE', `The engine of ${this.spec.model} is closed`);
    }
    if (window.frames.length !== this.spec.window) {
      throw new LimpidError(
        'ERR_ENGINE',
        `Expected a window of ${this.spec.window} frames for ${this.spec.model} but received ${window.frames.length}`,
      );
    }
    const { reference } = window;
    const waitMs = Date.now() - reference.captureTimeMs;
    const worker = this.#workerFor(reference);
    const width = reference.width * this.spec.scale;
    const height = reference.height * this.spec.scale;
    const { output, timing } = await worker.restore(stream, window, this.#outputs.take(width * height * 3));
    const lease = new Lease(() => this.#outputs.give(output));
    const frame: Frame = { ...reference, width, height, data: new Uint8Array(output), lease };
    return { frame, source: reference, timing: { waitMs, ...timing } };
  }

  forget(stream: string): void {
    for (const worker of this.#workers) {
      worker.forget(stream);
    }
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    const workers = this.#workers;
    this.#workers = [];
    await Promise.all(workers.map((worker) => worker.dispose()));
  }

  /** The worker of this frame's size, started when there is none alive. */
  #workerFor(frame: Frame): SizeWorker {
    const { width, height } = frame;
    const found = this.#workers.find(({ setup, alive }) => alive && setup.width === width && setup.height === height);
    if (found !== undefined) {
      return found;
    }
    const { model, modelsDir, threads = Math.min(availableParallelism(), 4), incremental = true } = this.#options;
    const worker = new SizeWorker({ model, modelsDir, width, height, threads, incremental });
    const alive = this.#workers.filter((candidate) => candidate.alive);
    const surplus = alive.slice(0, Math.max(0, alive.length + 1 - OPEN_SIZES));
    for (const old of surplus) {
      void old.dispose();
    }
    this.#workers = [...alive.filter((candidate) => !surplus.includes(candidate)), worker];
    return worker;
  }
}
