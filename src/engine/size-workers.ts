/**
 * The workers of one model, one for each frame size in use.
 *
 * A session is made for one exact frame size, and making it blocks its worker; so every size has a worker of its own. A
 * new size opens beside the old one, which is closed once no stream has frames of its size. A worker that died is
 * replaced, after a pause that grows while its successors die as well.
 */
import { availableParallelism } from 'node:os';
import type { Size } from '../edvr/geometry.js';
import { LimpidError } from '../errors/limpid-error.js';
import type { Frame, FrameTiming } from '../frame/frame.js';
import type { FrameWindow } from '../window/frame-window.js';
import type { PaddingMode } from '../window/padding.js';
import { BufferPool } from './buffer-pool.js';
import type { EngineSpec } from './engine.js';
import { RestartPauses } from './restart-pauses.js';
import { SizeWorker, type WorkerHosting } from './size-worker.js';
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
  /** How workers are run; default: in threads. */
  readonly hosting?: WorkerHosting;
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

/** Sizes kept open that no stream has at the moment: a camera that switches to and fro need not wait each time. */
const SPARE_SIZES = 1;
/** Free output buffers kept: one restoring, one encoding, one recording, one to spare. */
const OUTPUT_BUFFERS = 4;

/** Threads are never killed, so their times don't matter. */
const IN_THREADS: WorkerHosting = { isolation: 'thread', openTimeoutMs: 0, restoreTimeoutMs: 0 };

/** Starts workers as sizes come, and ends them. */
export class SizeWorkers {
  readonly spec: EngineSpec;
  readonly #options: OnnxRuntimeOptions;
  readonly #output: WorkerOutput;
  readonly #outputs = new BufferPool(OUTPUT_BUFFERS);
  /** Oldest first. */
  #workers: SizeWorker[] = [];
  /** The size of each stream's last frame. */
  readonly #sizes = new Map<string, string>();
  /** By size. */
  readonly #pauses = new RestartPauses();
  #strength = 1;
  #disposed = false;

  constructor(options: OnnxRuntimeOptions, output: WorkerOutput) {
    this.#options = options;
    this.#output = output;
    const { model, scale, window, padding, incremental = true } = options;
    this.spec = { kind: incremental ? 'onnxruntime' : 'onnxruntime-plain', model, scale, window, padding };
  }

  /** Process ids of the workers that live, where they are processes. */
  get pids(): readonly number[] {
    return this.#workers.flatMap(({ alive, pid }) => (alive && pid !== undefined ? [pid] : []));
  }

  /** Starts the worker of a size; resolves when it is ready. Rejects with ERR_ENGINE or ERR_ENGINE_LOST. */
  async open(size: Size): Promise<void> {
    this.#requireOpen();
    await this.#workerOf(size).ready;
  }

  prepare(stream: string, frame: Frame): void {
    if (!this.#disposed) {
      try {
        this.#workerFor(stream, frame).prepare(stream, frame);
      } catch {
        // Told with the restoration of the frame.
      }
    }
  }

  /** Restores the reference of a window. Rejects with ERR_ENGINE; with ERR_ENGINE_LOST when its worker died. */
  async restore(stream: string, window: FrameWindow): Promise<RestoredPixels> {
    this.#requireOpen();
    if (window.frames.length !== this.spec.window) {
      throw new LimpidError(
        'ERR_ENGINE',
        `Expected a window of ${this.spec.window} frames for ${this.spec.model} but received ${window.frames.length}`,
      );
    }
    const { reference } = window;
    const waitMs = Date.now() - reference.captureTimeMs;
    const worker = this.#workerFor(stream, reference);
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

  /** Sets the strength of every size, also of those to come. */
  setStrength(strength: number): void {
    this.#strength = strength;
    for (const worker of this.#workers) {
      worker.setStrength(strength);
    }
  }

  /** Takes an output buffer back, to be filled again. */
  giveBack(output: ArrayBuffer): void {
    this.#outputs.give(output);
  }

  forget(stream: string): void {
    this.#sizes.delete(stream);
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

  #requireOpen(): void {
    if (this.#disposed) {
      throw new LimpidError('ERR_ENGINE', `The engine of ${this.spec.model} is closed`);
    }
  }

  /** The worker of this frame's size, which is the stream's from now on. */
  #workerFor(stream: string, frame: Frame): SizeWorker {
    const size = sizeKey(frame);
    if (this.#sizes.get(stream) !== size) {
      this.#sizes.set(stream, size);
      this.#closeSurplus();
    }
    return this.#workerOf(frame);
  }

  /** The worker of a size, started when there is none alive. Throws ERR_ENGINE_LOST while the last one's death is recent. */
  #workerOf({ width, height }: Size): SizeWorker {
    const size = sizeKey({ width, height });
    const found = this.#workers.find((worker) => worker.alive && sizeKey(worker.setup) === size);
    if (found !== undefined) {
      return found;
    }
    const held = this.#pauses.holding(size);
    if (held !== undefined) {
      throw held;
    }
    const { model, modelsDir, threads = defaultThreads(), incremental = true, hosting = IN_THREADS } = this.#options;
    const setup = { model, modelsDir, width, height, threads, incremental, ...this.#output };
    const noteDeath = this.#pauses.started(size);
    const worker = new SizeWorker(setup, hosting);
    void worker.died.then(noteDeath);
    if (this.#strength !== 1) {
      worker.setStrength(this.#strength);
    }
    this.#workers = [...this.#workers.filter(({ alive }) => alive), worker];
    return worker;
  }

  /** Closes the sizes that no stream has, but for the newest. */
  #closeSurplus(): void {
    const used = new Set(this.#sizes.values());
    const unused = this.#workers.filter(({ setup, alive }) => alive && !used.has(sizeKey(setup)));
    const surplus = unused.slice(0, Math.max(0, unused.length - SPARE_SIZES));
    for (const old of surplus) {
      void old.dispose();
    }
    this.#workers = this.#workers.filter((worker) => !surplus.includes(worker));
  }
}

function sizeKey({ width, height }: Size): string {
  return `${width}x${height}`;
}

/** Threads within one operator where nothing else is said. */
export function defaultThreads(): number {
  return Math.min(availableParallelism(), 4);
}
