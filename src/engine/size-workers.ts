/**
 * The worker threads of one model, one for each frame size in use.
 *
 * A session is made for one exact frame size, and making it blocks its thread; so every size has a worker of its own. A
 * new size opens beside the old one, which is closed once it has nothing left to do.
 */
import { availableParallelism } from 'node:os';
import { LimpidError } from '../errors/limpid-error.js';
import type { Frame, FrameTiming } from '../frame/frame.js';
import type { FrameWindow } from '../window/frame-window.js';
import type { PaddingMode } from '../window/padding.js';
import { BufferPool } from './buffer-pool.js';
import type { EngineSpec } from './engine.js';
import { SizeWorker } from './size-worker.js';
import type { OffsetsSeen, WorkerSetup } from './worker-protocol.js';

/** What the engines of onnxruntime are opened with. */
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

/** What the workers give, and what they report. */
export type WorkerOutput = Pick<WorkerSetup, 'output' | 'offsets' | 'sparing'>;

/** A restored window as it comes out of a worker. */
export interface RestoredPixels {
  readonly width: number;
  readonly height: number;
  /** RGB (H, W, 3). The receiver's, who may give it back. */
  readonly output: ArrayBuffer;
  readonly timing: FrameTiming;
  readonly offsets: OffsetsSeen;
}

/** Sizes kept open at once: one in use and one on its way in or out. */
const OPEN_SIZES = 2;
/** Free output buffers kept: one restoring, one encoding, one recording, one to spare. */
const OUTPUT_BUFFERS = 4;

/** Starts workers as sizes come, and ends them. */
export class SizeWorkers {
  readonly spec: EngineSpec;
  readonly #options: OnnxRuntimeOptions;
  readonly #output: WorkerOutput;
  readonly #outputs = new BufferPool(OUTPUT_BUFFERS);
  /** Most recently used last. */
  #workers: SizeWorker[] = [];
  #disposed = false;

  constructor(options: OnnxRuntimeOptions, output: WorkerOutput) {
    this.#options = options;
    this.#output = output;
    const { model, scale, window, padding, incremental = true } = options;
    this.spec = { kind: incremental ? 'onnxruntime' : 'onnxruntime-plain', model, scale, window, padding };
  }

  prepare(stream: string, frame: Frame): void {
    if (!this.#disposed) {
      this.#workerFor(frame).prepare(stream, frame);
    }
  }

  /** Restores the reference of a window. Rejects with ERR_ENGINE or ERR_FRAME_SIZE; the workers live on. */
  async restore(stream: string, window: FrameWindow): Promise<RestoredPixels> {
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
    const elementBytes = this.#output.output === 'uint8' ? 1 : 4;
    const { output, timing, offsets } = await worker.restore(
      stream,
      window,
      this.#outputs.take(width * height * 3 * elementBytes),
    );
    return { width, height, output, timing: { waitMs, ...timing }, offsets };
  }

  /** Takes an output buffer back, to be filled again. */
  giveBack(output: ArrayBuffer): void {
    this.#outputs.give(output);
  }

  forget(stream: string): void {
    for (const worker of this.#workers) {
      worker.forget(stream);
    }
  }

  /** Lets the work in hand finish. Idempotent. */
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
    const worker = new SizeWorker({ model, modelsDir, width, height, threads, incremental, ...this.#output });
    const alive = this.#workers.filter((candidate) => candidate.alive);
    const surplus = alive.slice(0, Math.max(0, alive.length + 1 - OPEN_SIZES));
    for (const old of surplus) {
      void old.dispose();
    }
    this.#workers = [...alive.filter((candidate) => !surplus.includes(candidate)), worker];
    return worker;
  }
}
