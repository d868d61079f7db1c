/**
 * Runs the small picture graphs in a worker thread, so that no pixel is touched on the main thread.
 */
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { LimpidError } from '../errors/limpid-error.js';
import type { GraphBuilder } from '../onnx/graph-builder.js';
import { elementBytes, elementCount } from '../onnx/tensor.js';
import type { PictureReply, PictureRequest } from './picture-protocol.js';

/** One run of a graph. */
export interface PictureRun {
  /** Names the graph: equal keys, equal graphs. */
  readonly key: string;
  readonly graph: () => GraphBuilder;
  /** The inputs' elements, in the graph's order. */
  readonly inputs: readonly Uint8Array[] | readonly Float32Array[];
  /** Whether the inputs' buffers are handed over, each holding its input and nothing else; else they are copied. */
  readonly owned: boolean;
}

/** Graphs kept open: what a few frame sizes need. */
const OPEN_GRAPHS = 32;
/** onnxruntime can't be interrupted; see size-worker.ts. */
const CLOSE_TIMEOUT_MS = 30_000;

interface Pending {
  readonly key: string;
  readonly resolve: (buffer: ArrayBuffer) => void;
  readonly reject: (error: LimpidError) => void;
}

const workerFile = fileURLToPath(new URL('../../dist/engine/picture-worker.js', import.meta.url));

/** One worker thread, started with the first run. After a failure of the thread, the next run starts another. */
export class PictureOps {
  #worker: Worker | undefined;
  /** Keys that the worker has, least recently used first. */
  readonly #open = new Set<string>();
  readonly #pending = new Map<number, Pending>();
  #nextId = 0;
  #disposed = false;

  /** Runs a graph of one output, whose buffer it resolves with. Rejects with ERR_ENGINE. */
  run({ key, graph, inputs, owned }: PictureRun): Promise<ArrayBuffer> {
    if (this.#disposed) {
      return Promise.reject(new LimpidError('ERR_ENGINE', 'The engine is closed'));
    }
    const built = graph();
    const [output] = built.outputs;
    if (output === undefined) {
      return Promise.reject(new RangeError('a picture graph has an output'));
    }
    const data = new ArrayBuffer(elementCount(output.dims) * elementBytes(output.type));
    const id = this.#nextId++;
    const worker = this.#started();
    const known = this.#open.delete(key);
    this.#open.add(key);
    const request: PictureRequest = {
      type: 'run',
      id,
      key,
      ...(known ? {} : { model: built.encode() }),
      close: this.#surplus(),
      inputs: built.inputs.map((info, i) => ({ ...info, data: bufferOf(inputs[i], owned) })),
      output: { ...output, data },
    };
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { key, resolve, reject });
      worker.postMessage(request, [...request.inputs.map((input) => input.data), data]);
    });
  }

  /** Lets the work in hand finish, ends the thread. Idempotent. */
  async dispose(): Promise<void> {
    this.#disposed = true;
    const worker = this.#worker;
    if (worker === undefined) {
      return;
    }
    this.#worker = undefined;
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    const request: PictureRequest = { type: 'close' };
    worker.postMessage(request);
    const timer = setTimeout(() => void worker.terminate(), CLOSE_TIMEOUT_MS);
    await ended;
    clearTimeout(timer);
  }

  #started(): Worker {
    if (this.#worker !== undefined) {
      return this.#worker;
    }
    const worker = new Worker(workerFile, { name: 'pictures' });
    this.#worker = worker;
    this.#open.clear();
    worker.on('message', (reply: PictureReply) => this.#settle(reply));
    worker.on('error', (cause) =>
      this.#lost(worker, new LimpidError('ERR_ENGINE', `The picture worker failed: ${cause.message}`, { cause })),
    );
    worker.on('exit', (code) =>
      this.#lost(worker, new LimpidError('ERR_ENGINE', `The picture worker ended with exit code ${code}`)),
    );
    return worker;
  }

  #settle(reply: PictureReply): void {
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if (pending === undefined) {
      return;
    }
    if (reply.type === 'done') {
      pending.resolve(reply.output);
    } else {
      this.#open.delete(pending.key);
      pending.reject(new LimpidError('ERR_ENGINE', reply.message));
    }
  }

  #lost(worker: Worker, error: LimpidError): void {
    if (this.#worker === worker) {
      this.#worker = undefined;
    }
    for (const { reject } of this.#pending.values()) {
      reject(error);
    }
    this.#pending.clear();
  }

  /** Takes the least recently used keys out, beyond the limit. */
  #surplus(): string[] {
    const surplus = [...this.#open].slice(0, Math.max(0, this.#open.size - OPEN_GRAPHS));
    for (const key of surplus) {
      this.#open.delete(key);
    }
    return surplus;
  }
}

/** The buffer of an input: itself where it is handed over, else a copy that is. */
function bufferOf(input: Uint8Array | Float32Array | undefined, owned: boolean): ArrayBuffer {
  if (input === undefined) {
    throw new RangeError('a picture graph got fewer pictures than it has inputs');
  }
  const { buffer } = owned ? input : input.slice();
  if (!(buffer instanceof ArrayBuffer) || buffer.byteLength !== input.byteLength) {
    throw new RangeError('a picture that is handed over has a buffer of its own');
  }
  return buffer;
}
