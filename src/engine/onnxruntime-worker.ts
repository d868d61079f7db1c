/**
 * The worker thread of the CPU engine: opens a model at one frame size, keeps pyramids, restores windows.
 *
 * onnxruntime blocks the thread it runs on; here it blocks nobody else. Runs from compiled output.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../errors/limpid-error.js';
import { loadModel } from '../model/registry.js';
import { EdvrSession } from './edvr-session.js';
import type { WorkerRequest, WorkerSetup } from './worker-protocol.js';
import { type Say, serve } from './worker-service.js';

const port = parentPort;
if (port === null) {
  throw new Error('onnxruntime-worker runs in a worker thread only');
}

const say: Say = (reply, buffers) => port.postMessage(reply, buffers);

async function start(setup: WorkerSetup): Promise<void> {
  const model = await loadModel(setup.model, { modelsDir: setup.modelsDir });
  const session = await EdvrSession.open(model, setup);
  say({ type: 'ready' }, []);

  // One request after the other, in the order they came.
  let last = Promise.resolve();
  port?.on('message', (request: WorkerRequest) => {
    last = last.then(async () => {
      await serve(session, request, say);
      if (request.type === 'close') {
        port.close();
      }
    });
  });
}

start(workerData as WorkerSetup).catch((thrown: unknown) => {
  say({ type: 'refused', message: messageOf(thrown) }, []);
  port.close();
});
