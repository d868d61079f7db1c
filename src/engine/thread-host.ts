/**
 * A worker in a thread: every ArrayBuffer is transferred.
 */
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { LimpidError } from '../errors/limpid-error.js';
import { buffersOf, type EngineHost, type EngineHostEvents } from './engine-host.js';
import type { WorkerReply, WorkerSetup } from './worker-protocol.js';

/** Compiled output only: Node 20 starts no worker from TypeScript. */
const workerFile = fileURLToPath(new URL('../../dist/engine/onnxruntime-worker.js', import.meta.url));

/** Starts a worker thread. Killed in the middle of onnxruntime's work, it aborts this process. */
export function startThreadHost(setup: WorkerSetup, { onReply, onEnd }: EngineHostEvents): EngineHost {
  const worker = new Worker(workerFile, {
    workerData: setup,
    name: `engine ${setup.model} ${setup.width}x${setup.height}`,
  });
  let ended = false;
  const end = (error: LimpidError): void => {
    if (!ended) {
      ended = true;
      onEnd(error);
    }
  };
  worker.on('message', (reply: WorkerReply) => onReply(reply));
  worker.on('error', (cause) =>
    end(new LimpidError('ERR_ENGINE_LOST', `The engine worker failed: ${cause.message}`, { cause })),
  );
  worker.on('exit', (code) =>
    end(new LimpidError('ERR_ENGINE_LOST', `The engine worker ended with exit code ${code}`)),
  );
  return {
    pid: undefined,
    post: (request) => worker.postMessage(request, buffersOf(request)),
    kill: () => void worker.terminate(),
  };
}
