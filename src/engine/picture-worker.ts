/**
 * The worker thread that turns, averages, joins and rounds pictures: small graphs, one session each.
 *
 * Runs from compiled output.
 */
import { parentPort } from 'node:worker_threads';
import ort from 'onnxruntime-node';
import { messageOf } from '../errors/limpid-error.js';
import type { PictureReply, PictureRequest, PictureTensor } from './picture-protocol.js';

type RunRequest = Extract<PictureRequest, { type: 'run' }>;

const port = parentPort;
if (port === null) {
  throw new Error('picture-worker runs in a worker thread only');
}

const say = (reply: PictureReply, transfer: ArrayBuffer[] = []): void => port.postMessage(reply, transfer);

const options: ort.InferenceSession.SessionOptions = {
  // These graphs move memory; a second thread would gain nothing.
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  // Pictures may be of 8K: what a run took goes back to the system.
  enableCpuMemArena: false,
  enableMemPattern: false,
};
const sessions = new Map<string, ort.InferenceSession>();
let last = Promise.resolve();

port.on('message', (request: PictureRequest) => {
  last = last.then(() => answer(request));
});

async function answer(request: PictureRequest): Promise<void> {
  if (request.type === 'close') {
    await close([...sessions.keys()]);
    port?.close();
    return;
  }
  const { id, output } = request;
  try {
    await run(request);
    say({ type: 'done', id, output: output.data }, [output.data]);
  } catch (thrown) {
    say({ type: 'failed', id, message: `Working on a picture (${request.key}) failed: ${messageOf(thrown)}` });
  }
}

async function run({ key, model, close: unwanted, inputs, output }: RunRequest): Promise<void> {
  await close(unwanted);
  if (model !== undefined) {
    await close([key]);
    sessions.set(key, await ort.InferenceSession.create(model, options));
  }
  const session = sessions.get(key);
  if (session === undefined) {
    throw new RangeError('the worker does not have this graph');
  }
  const feeds = inputs.map((input) => [input.name, tensorOver(input)] as const);
  await session.run(Object.fromEntries(feeds), { [output.name]: tensorOver(output) });
}

async function close(keys: readonly string[]): Promise<void> {
  for (const key of keys) {
    await sessions.get(key)?.release();
    sessions.delete(key);
  }
}

function tensorOver({ type, dims, data }: PictureTensor): ort.Tensor {
  return type === 'uint8'
    ? new ort.Tensor('uint8', new Uint8Array(data), dims)
    : new ort.Tensor('float32', new Float32Array(data), dims);
}
