/**
 * What an engine's worker does with requests, wherever it runs.
 */
import { messageOf } from '../errors/limpid-error.js';
import type { EdvrSession } from './edvr-session.js';
import type { WorkerReply, WorkerRequest } from './worker-protocol.js';

type RestoreRequest = Extract<WorkerRequest, { type: 'restore' }>;

/** Says a reply; the ArrayBuffers in it are the receiver's. */
export type Say = (reply: WorkerReply, buffers: ArrayBuffer[]) => void;

/** Does what a request asks for. One request at a time, in the order they came; never rejects but for `close`. */
export async function serve(session: EdvrSession, request: WorkerRequest, say: Say): Promise<void> {
  switch (request.type) {
    case 'prepare':
      session.take(request.stream, request.upload);
      // A failure here shows again, with its sentence, when the frame is restored.
      await session.pyramid(request.stream, request.upload.seq).catch(() => undefined);
      break;
    case 'restore':
      await restore(session, request, say);
      break;
    case 'strength':
      session.strength = request.strength;
      break;
    case 'forget':
      session.forget(request.stream);
      break;
    case 'close':
      await session.close();
      break;
  }
}

async function restore(session: EdvrSession, request: RestoreRequest, say: Say): Promise<void> {
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
    const message = `Restoring frame ${seqs[seqs.length >> 1]} failed: ${messageOf(thrown)}`;
    say({ type: 'failed', id, message, returned }, returned);
  }
}
