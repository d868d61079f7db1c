/**
 * The worker thread of the CPU engine: opens a model at one frame size, keeps pyramids, restores windows.
 *
 * onnxruntime blocks the thread it runs on; here it blocks nobody else. Runs from compiled output.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../errors/limpid-error.js';
import { loadModel } from '../model/registry.js';
import { EdvrSession } from './edvr-session.js';
import type { WorkerReply, WorkerRequest, WorkerSetup } from './worker-protocol.js';

type RestoreRequest = Extract<WorkerRequest, { type: 'restore' }>;

const port = parentPort;
if (port === null) {
  throw new Error('onnxruntime-worker runs in a worker thread only');
}

const say = (reply: WorkerReply, transfer: ArrayBuffer[] = []): void => port.postMessage(reply, transfer);

async function serve(setup: WorkerSetup): Promise<void> {
  const model = await loadModel(setup.model, { modelsDir: setup.modelsDir });
  const session = await EdvrSession.open(model, setup);
  say({ type: 'ready' });

  // One request after the other, in the order they came.
  let last = Promise.resolve();
  port?.on('message', (request: WorkerRequest) => {
    last = last.then(() => answer(session, request));
  });
}

async function answer(session: EdvrSession, request: WorkerRequest): Promise<void> {
  switch (request.type) {
    case 'prepare':
      session.take(request.stream, request.upload);
      // A failure here shows again, with its sentence, when the frame is restored.
      await session.pyramid(request.stream, request.upload.seq).catch(() => undefined);
      break;
    case 'restore':
      await restore(session, request);
      break;
    case 'forget':
      session.forget(request.stream);
      break;
    case 'close':
      await session.close();
      port?.close();
      break;
  }
}

async function restore(session: EdvrSession, request: RestoreRequest): Promise<void> {
  const { id, stream, seqs, uploads, output } = request;
  session.forget(stream, Math.min(...seqs));
  for (const upload of uploads) {
    session.take(stream, upload);
  }
  try {
    for (const seq of seqs) {
      await session.pyramid(stream, seq);
    }
    const pyramidMs = session.claimPyramidMs(stream, seqs);
    const startMs = performance.now();
    const offsets = await session.restore(stream, seqs, output);
    const restoreMs = performance.now() - startMs;
    const returned = session.takeReturned();
    say({ type: 'restored', id, output, pyramidMs, restoreMs, offsets, returned }, [output, ...returned]);
  } catch (thrown) {
    const returned = session.takeReturned();
    say(
      {
        type: 'failed',
        id,
        message: `Restoring frame ${seqs[seqs.length >> 1]} failed: ${messageOf(thrown)}`,
        returned,
      },
      returned,
    );
  }
}

serve(workerData as WorkerSetup).catch((thrown: unknown) => {
  say({ type: 'refused', message: messageOf(thrown) });
  port.close();
});
