/**
 * The worker process of the CPU engine: what the worker thread does, where a crash reaches nobody else.
 *
 * It does one thing at a time, so its pipe is read and written blocking: an answer is out before the next window is begun.
 * The end of the pipe is the end of the process. Runs from compiled output, started by ProcessHost.
 */
import { readSync, writeSync } from 'node:fs';
import { messageOf } from '../errors/limpid-error.js';
import { loadModel } from '../model/registry.js';
import { BufferPool } from './buffer-pool.js';
import { EdvrSession } from './edvr-session.js';
import {
  decodeHead,
  ENGINE_FD,
  encodeHead,
  PIPE_HEAD_BYTES,
  type PipeRequest,
  type PipeUpload,
} from './engine-pipe.js';
import type { FrameUpload, WorkerRequest, WorkerSetup } from './worker-protocol.js';
import { type Say, serve } from './worker-service.js';

/** Frame buffers kept for reuse: a window and a few frames prepared ahead. */
const INPUT_BUFFERS = 8;

const inputs = new BufferPool(INPUT_BUFFERS);
/** The restored picture is on the pipe before the next one is begun: one buffer is enough. */
const outputs = new BufferPool(1);

const say: Say = (reply) => {
  if (reply.type !== 'restored' && reply.type !== 'failed') {
    write(encodeHead(reply, 0));
    return;
  }
  const { returned, ...text } = reply;
  for (const buffer of returned) {
    inputs.give(buffer);
  }
  if (text.type === 'failed') {
    write(encodeHead(text, 0));
    return;
  }
  const { output, ...rest } = text;
  write(encodeHead(rest, output.byteLength));
  write(new Uint8Array(output));
  outputs.give(output);
};

async function main(): Promise<void> {
  const setup: WorkerSetup = JSON.parse(process.argv[2] ?? '');
  let session: EdvrSession;
  try {
    session = await EdvrSession.open(await loadModel(setup.model, { modelsDir: setup.modelsDir }), setup);
  } catch (thrown) {
    say({ type: 'refused', message: messageOf(thrown) }, []);
    return;
  }
  say({ type: 'ready' }, []);
  for (let request = nextRequest(); request !== undefined; request = nextRequest()) {
    await serve(session, request, say);
    if (request.type === 'close') {
      return;
    }
  }
}

/** Waits for a request; undefined at the end of the pipe. */
function nextRequest(): WorkerRequest | undefined {
  const head = Buffer.alloc(PIPE_HEAD_BYTES);
  if (!read(head)) {
    return undefined;
  }
  const text = Buffer.alloc(decodeHead(head).textBytes);
  if (!read(text)) {
    return undefined;
  }
  const request: PipeRequest = JSON.parse(text.toString());
  if (!('uploads' in request)) {
    return request;
  }
  const uploads = request.uploads.map(readUpload);
  const [upload] = uploads;
  if (request.type === 'restore') {
    const { id, stream, seqs, outputBytes } = request;
    return { type: 'restore', id, stream, seqs, uploads, output: outputs.take(outputBytes) };
  }
  return upload === undefined ? undefined : { type: 'prepare', stream: request.stream, upload };
}

function readUpload({ seq, bytes }: PipeUpload): FrameUpload {
  const data = inputs.take(bytes);
  read(new Uint8Array(data));
  return { seq, data };
}

/** Fills a buffer; false where the pipe ends first. */
function read(into: Uint8Array): boolean {
  for (let at = 0; at < into.length; ) {
    const taken = readSync(ENGINE_FD, into, at, into.length - at, null);
    if (taken === 0) {
      return false;
    }
    at += taken;
  }
  return true;
}

function write(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    at += writeSync(ENGINE_FD, bytes, at);
  }
}

await main().catch((thrown: unknown) => {
  // The other end is gone: there is nobody to tell but stderr.
  process.stderr.write(`${messageOf(thrown)}\n`);
  process.exitCode = 1;
});
