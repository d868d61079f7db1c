/**
 * A worker in a process of its own: pictures cross a pipe, and a crash, a hang or a kill reaches nobody else.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { LimpidError } from '../errors/limpid-error.js';
import { requirePipes } from '../media/child-pipes.js';
import type { EngineHost, EngineHostEvents } from './engine-host.js';
import { ENGINE_FD, encodeHead, PipeReader, type PipeRequest } from './engine-pipe.js';
import type { FrameUpload, WorkerReply, WorkerRequest, WorkerSetup } from './worker-protocol.js';

/** Compiled output only. */
const ENTRY = fileURLToPath(new URL('../../dist/engine/onnxruntime-process.js', import.meta.url));
const STDERR_TAIL_CHARACTERS = 500;
/** What a worker inherits: where programs and models are, and nothing else of the environment's secrets. */
const INHERITED = /^(PATH|HOME|TMPDIR|XDG_DATA_HOME|LD_LIBRARY_PATH|LIMPID_MODELS|TZ)$/;

/** Starts a worker process. Throws ERR_ENGINE when the package was not built, or no file descriptors are left. */
export function startProcessHost(setup: WorkerSetup, events: EngineHostEvents): EngineHost {
  if (!existsSync(ENTRY)) {
    throw new LimpidError('ERR_ENGINE', `Expected the compiled engine worker at ${ENTRY}; run "npm run build"`);
  }
  return new ProcessHost(setup, events);
}

class ProcessHost implements EngineHost {
  readonly pid: number | undefined;
  readonly #pipe: Socket;
  readonly #kill: () => void;
  /** What is given back with the next reply: buffers whose pixels are on the pipe. */
  #sent: ArrayBuffer[] = [];
  /** Where restored pictures go, by id. */
  readonly #outputs = new Map<number, ArrayBuffer>();

  constructor(setup: WorkerSetup, { onReply, onEnd }: EngineHostEvents) {
    const inherited = Object.entries(process.env).filter(([name]) => INHERITED.test(name));
    const child = spawn(process.execPath, [ENTRY, JSON.stringify(setup)], {
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
      env: Object.fromEntries(inherited),
      // Its own process group: Ctrl-C reaches the main process only, which closes the pipe when it has finished.
      detached: true,
    });
    requirePipes(child, 'ERR_ENGINE', 'an engine worker');
    const pipe = child.stdio[ENGINE_FD];
    if (!(pipe instanceof Socket)) {
      throw new LimpidError('ERR_ENGINE', 'Expected a pipe to the engine worker');
    }
    this.pid = child.pid;
    this.#pipe = pipe;
    this.#kill = () => void child.kill('SIGKILL');
    // A pipe breaks when the worker dies; the exit tells why.
    pipe.on('error', () => undefined);
    const reader = new PipeReader(
      (text, bytes) => this.#outputFor(text as { readonly id: number }, bytes),
      (text) => onReply(this.#replyOf(text as WorkerReply)),
    );
    pipe.on('data', (chunk: Buffer) => reader.push(chunk));
    let stderr = '';
    child.stderr?.setEncoding('utf8');
    child.stderr?.on('data', (text: string) => {
      stderr = (stderr + text).slice(-STDERR_TAIL_CHARACTERS);
    });
    const end = (how: string): void => {
      pipe.destroy();
      const said = stderr.trim().split('\n').at(-1) ?? '';
      onEnd(new LimpidError('ERR_ENGINE_LOST', `The engine worker of ${setup.model} ${how}${said && ` (${said})`}`));
    };
    child.once('error', (error) => end(`could not be started: ${error.message}`));
    child.once('close', (code, signal) => end(signal === null ? `ended with exit code ${code}` : `died of ${signal}`));
  }

  post(request: WorkerRequest): void {
    const uploads = uploadsOf(request);
    const pixelBytes = uploads.reduce((sum, { data }) => sum + data.byteLength, 0);
    this.#pipe.cork();
    this.#pipe.write(encodeHead(this.#textOf(request, uploads), pixelBytes));
    for (const { data } of uploads) {
      this.#pipe.write(new Uint8Array(data), () => this.#sent.push(data));
    }
    this.#pipe.uncork();
  }

  kill(): void {
    this.#kill();
  }

  #textOf(request: WorkerRequest, uploads: readonly FrameUpload[]): PipeRequest {
    const announced = uploads.map(({ seq, data }) => ({ seq, bytes: data.byteLength }));
    switch (request.type) {
      case 'prepare':
        return { type: 'prepare', stream: request.stream, uploads: announced };
      case 'restore': {
        const { type, id, stream, seqs, output } = request;
        this.#outputs.set(id, output);
        return { type, id, stream, seqs, uploads: announced, outputBytes: output.byteLength };
      }
      case 'strength':
      case 'forget':
      case 'close':
        return request;
    }
  }

  #outputFor({ id }: { readonly id: number }, bytes: number): Uint8Array {
    const output = this.#outputs.get(id);
    return output?.byteLength === bytes ? new Uint8Array(output) : new Uint8Array(bytes);
  }

  #replyOf(reply: WorkerReply): WorkerReply {
    if (reply.type !== 'restored' && reply.type !== 'failed') {
      return reply;
    }
    const returned = this.#sent;
    this.#sent = [];
    const output = this.#outputs.get(reply.id) ?? new ArrayBuffer(0);
    this.#outputs.delete(reply.id);
    return reply.type === 'failed' ? { ...reply, returned } : { ...reply, output, returned };
  }
}

function uploadsOf(request: WorkerRequest): readonly FrameUpload[] {
  switch (request.type) {
    case 'prepare':
      return [request.upload];
    case 'restore':
      return request.uploads;
    case 'strength':
    case 'forget':
    case 'close':
      return [];
  }
}
