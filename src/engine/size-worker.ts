/**
 * The engine's end of one worker thread: a model opened at one frame size.
 */
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { LimpidError } from '../errors/limpid-error.js';
import type { Frame, FrameTiming } from '../frame/frame.js';
import type { FrameWindow } from '../window/frame-window.js';
import { BufferPool } from './buffer-pool.js';
import type { FrameUpload, OffsetsSeen, WorkerReply, WorkerRequest, WorkerSetup } from './worker-protocol.js';

/** Free input buffers kept: a window and a few frames prepared ahead. */
const INPUT_BUFFERS = 8;
/** onnxruntime can't be interrupted while it opens a session, and a thread ended in the middle of it aborts the process. */
const CLOSE_TIMEOUT_MS = 30_000;

/** What came back for one window. */
export interface RestoredOutput {
  readonly output: ArrayBuffer;
  readonly timing: Omit<FrameTiming, 'waitMs'>;
  readonly offsets: OffsetsSeen;
}

interface Pending {
  readonly resolve: (restored: RestoredOutput) => void;
  readonly reject: (error: LimpidError) => void;
}

/** Compiled output only: Node 20 starts no worker from TypeScript. */
const workerFile = fileURLToPath(new URL('../../dist/engine/onnxruntime-worker.js', import.meta.url));

/** One worker thread, from its start to its end. After a failure it stays dead: make a new one. */
export class SizeWorker {
  readonly setup: WorkerSetup;
  /** Resolves when the sessions are open; rejects with ERR_ENGINE. */
  readonly ready: Promise<void>;
  readonly #worker: Worker;
  readonly #inputs = new BufferPool(INPUT_BUFFERS);
  /** Seqs of the frames that the worker holds, by stream. */
  readonly #held = new Map<string, Set<number>>();
  readonly #pending = new Map<number, Pending>();
  #nextId = 0;
  #dead: LimpidError | undefined;

  constructor(setup: WorkerSetup) {
    this.setup = setup;
    this.#worker = new Worker(workerFile, {
      workerData: setup,
      name: `engine ${setup.model} ${setup.width}x${setup.height}`,
    });
    this.ready = new Promise((resolve, reject) => {
      this.#worker.on('message', (reply: WorkerReply) => {
        switch (reply.type) {
          case 'ready':
            resolve();
            break;
          case 'refused':
            this.#die(new LimpidError('ERR_ENGINE', reply.message), reject);
            break;
          case 'restored':
          case 'failed':
            this.#settle(reply);
            break;
        }
      });
      this.#worker.on('error', (cause) =>
        this.#die(new LimpidError('ERR_ENGINE', `The engine worker failed: ${cause.message}`, { cause }), reject),
      );
      this.#worker.on('exit', (code) =>
        this.#die(new LimpidError('ERR_ENGINE', `The engine worker ended with exit code ${code}`), reject),
      );
    });
    this.ready.catch(() => undefined);
  }

  get alive(): boolean {
    return this.#dead === undefined;
  }

  get idle(): boolean {
    return this.#pending.size === 0;
  }

  prepare(stream: string, frame: Frame): void {
    if (this.alive && !this.#heldBy(stream).has(frame.seq)) {
      const upload = this.#upload(stream, frame);
      this.#post({ type: 'prepare', stream, upload }, [upload.data]);
    }
  }

  restore(stream: string, window: FrameWindow, output: ArrayBuffer): Promise<RestoredOutput> {
    if (this.#dead !== undefined) {
      return Promise.reject(this.#dead);
    }
    const seqs = window.frames.map((frame) => frame.seq);
    const oldest = Math.min(...seqs);
    const held = this.#heldBy(stream);
    for (const seq of held) {
      if (seq < oldest) {
        held.delete(seq);
      }
    }
    const uploads: FrameUpload[] = [];
    for (const frame of window.frames) {
      if (!held.has(frame.seq)) {
        uploads.push(this.#upload(stream, frame));
      }
    }
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#post({ type: 'restore', id, stream, seqs, uploads, output }, [
        ...uploads.map((upload) => upload.data),
        output,
      ]);
    });
  }

  forget(stream: string): void {
    if (this.alive && this.#held.delete(stream)) {
      this.#post({ type: 'forget', stream }, []);
    }
  }

  /** Lets the work in hand finish, closes the sessions, ends the thread. */
  async dispose(): Promise<void> {
    if (!this.alive) {
      return;
    }
    const ended = new Promise((resolve) => this.#worker.once('exit', resolve));
    this.#post({ type: 'close' }, []);
    const timer = setTimeout(() => void this.#worker.terminate(), CLOSE_TIMEOUT_MS);
    await ended;
    clearTimeout(timer);
  }

  #heldBy(stream: string): Set<number> {
    let held = this.#held.get(stream);
    if (held === undefined) {
      held = new Set();
      this.#held.set(stream, held);
    }
    return held;
  }

  /** The one copy of a frame: the original stays for the source view, the copy is transferred. */
  #upload(stream: string, frame: Frame): FrameUpload {
    const data = this.#inputs.take(frame.data.byteLength);
    new Uint8Array(data).set(frame.data);
    this.#heldBy(stream).add(frame.seq);
    return { seq: frame.seq, data };
  }

  #post(request: WorkerRequest, transfer: ArrayBuffer[]): void {
    this.#worker.postMessage(request, transfer);
  }

  #settle(reply: Extract<WorkerReply, { type: 'restored' | 'failed' }>): void {
    for (const buffer of reply.returned) {
      this.#inputs.give(buffer);
    }
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if (reply.type === 'failed') {
      pending?.reject(new LimpidError('ERR_ENGINE', reply.message));
      return;
    }
    const { output, pyramidMs, restoreMs, offsets } = reply;
    pending?.resolve({ output, timing: { pyramidMs, restoreMs }, offsets });
  }

  #die(error: LimpidError, rejectReady: (error: LimpidError) => void): void {
    if (this.#dead !== undefined) {
      return;
    }
    this.#dead = error;
    rejectReady(error);
    for (const pending of this.#pending.values()) {
      pending.reject(error);
    }
    this.#pending.clear();
    this.#held.clear();
  }
}
