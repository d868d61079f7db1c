/**
 * The engine's end of one worker: a model opened at one frame size, in a thread or a process.
 */
import { LimpidError } from '../errors/limpid-error.js';
import type { Frame, FrameTiming } from '../frame/frame.js';
import type { FrameWindow } from '../window/frame-window.js';
import { BufferPool } from './buffer-pool.js';
import type { EngineHost, Isolation } from './engine-host.js';
import { startProcessHost } from './process-host.js';
import { startThreadHost } from './thread-host.js';
import type { FrameUpload, OffsetsSeen, WorkerReply, WorkerSetup } from './worker-protocol.js';

/** Free input buffers kept: a window and a few frames prepared ahead. */
const INPUT_BUFFERS = 8;
/** onnxruntime can't be interrupted while it opens a session, and a thread ended in the middle of it aborts the process. */
const CLOSE_TIMEOUT_MS = 30_000;
/** A process may be killed at any time. */
const KILL_AFTER_MS = 3_000;

/** How a worker is run. */
export interface WorkerHosting {
  readonly isolation: Isolation;
  /** Longest wait for the sessions to be open before a worker process is killed, ms. */
  readonly openTimeoutMs: number;
  /** Longest wait for one window, ms. */
  readonly restoreTimeoutMs: number;
}

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

/** One worker, from its start to its end. After a failure it stays dead: make a new one. */
export class SizeWorker {
  readonly setup: WorkerSetup;
  /** Resolves when the sessions are open; rejects with ERR_ENGINE when they can't be, ERR_ENGINE_LOST when it died. */
  readonly ready: Promise<void>;
  /** Resolves when the worker has died of itself; never when it was disposed of. */
  readonly died: Promise<LimpidError>;
  readonly #host: EngineHost;
  /** Resolves when the worker is gone. */
  readonly #ended: Promise<void>;
  readonly #hosting: WorkerHosting;
  readonly #inputs = new BufferPool(INPUT_BUFFERS);
  /** Seqs of the frames that the worker holds, by stream. */
  readonly #held = new Map<string, Set<number>>();
  readonly #pending = new Map<number, Pending>();
  #nextId = 0;
  #open = false;
  #dead: LimpidError | undefined;
  #disposed = false;

  constructor(setup: WorkerSetup, hosting: WorkerHosting) {
    this.setup = setup;
    this.#hosting = hosting;
    const start = hosting.isolation === 'process' ? startProcessHost : startThreadHost;
    const ready = deferred<void>();
    const ended = deferred<void>();
    const died = deferred<LimpidError>();
    this.died = died.promise;
    this.ready = ready.promise;
    this.ready.catch(() => undefined);
    this.#ended = ended.promise;
    this.#host = start(setup, {
      onReply: (reply) => {
        switch (reply.type) {
          case 'ready':
            this.#open = true;
            ready.resolve();
            break;
          case 'refused':
            this.#die(new LimpidError('ERR_ENGINE', reply.message), ready.reject);
            break;
          case 'restored':
          case 'failed':
            this.#settle(reply);
            break;
        }
      },
      onEnd: (error) => {
        this.#die(error, ready.reject);
        if (!this.#disposed && this.#dead !== undefined) {
          died.resolve(this.#dead);
        }
        ended.resolve();
      },
    });
    this.#watch(this.ready, hosting.openTimeoutMs);
  }

  /** Id of the worker's process; undefined for a thread. */
  get pid(): number | undefined {
    return this.#host.pid;
  }

  get alive(): boolean {
    return this.#dead === undefined;
  }

  get idle(): boolean {
    return this.#pending.size === 0;
  }

  /** Frames that come while the sessions open are not taken: they would wait, each with its pyramid, however long that is. */
  prepare(stream: string, frame: Frame): void {
    if (this.#open && this.alive && !this.#heldBy(stream).has(frame.seq)) {
      const upload = this.#upload(stream, frame);
      this.#host.post({ type: 'prepare', stream, upload });
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
    const restored = new Promise<RestoredOutput>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#host.post({ type: 'restore', id, stream, seqs, uploads, output });
    });
    void this.ready.then(
      () => this.#watch(restored, this.#hosting.restoreTimeoutMs * this.#pending.size),
      () => undefined,
    );
    return restored;
  }

  /** Holds for windows asked for from now on. */
  setStrength(strength: number): void {
    if (this.alive) {
      this.#host.post({ type: 'strength', strength });
    }
  }

  forget(stream: string): void {
    if (this.alive && this.#held.delete(stream)) {
      this.#host.post({ type: 'forget', stream });
    }
  }

  /** Lets the work in hand finish, closes the sessions, ends the worker. */
  async dispose(): Promise<void> {
    if (!this.alive) {
      return;
    }
    this.#disposed = true;
    this.#host.post({ type: 'close' });
    const timer = setTimeout(() => this.#host.kill(), this.#mayBeKilled ? KILL_AFTER_MS : CLOSE_TIMEOUT_MS);
    await this.#ended;
    clearTimeout(timer);
  }

  /** A thread at work in onnxruntime takes the process along; a process that hangs is killed, and another one made. */
  get #mayBeKilled(): boolean {
    return this.#hosting.isolation === 'process';
  }

  /** Kills a process that has not answered in time. */
  #watch(answer: Promise<unknown>, timeoutMs: number): void {
    if (!this.#mayBeKilled) {
      return;
    }
    const timer = setTimeout(() => this.#host.kill(), timeoutMs);
    timer.unref();
    const stop = (): void => clearTimeout(timer);
    answer.then(stop, stop);
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

interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: LimpidError) => void;
}

function deferred<T>(): Deferred<T> {
  let settle: Omit<Deferred<T>, 'promise'> = { resolve: () => undefined, reject: () => undefined };
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, ...settle };
}
