/**
 * Where an engine's worker runs: in a thread of this process, or in a process of its own.
 *
 *     thread    ArrayBuffers change hands, nothing is copied. What aborts natively takes the whole process along.
 *     process   pictures cross a pipe, both ways. It may crash, hang, be killed or run out of memory: a new one is made.
 */
import type { LimpidError } from '../errors/limpid-error.js';
import type { WorkerReply, WorkerRequest, WorkerSetup } from './worker-protocol.js';

/** Where workers run: `process` for streams that are to survive anything, `thread` for work that ends. */
export type Isolation = 'thread' | 'process';

/** A running worker. */
export interface EngineHost {
  /** Id of its process; undefined for a thread. */
  readonly pid: number | undefined;
  /** Hands a request over, in order. The ArrayBuffers in it are the host's from then on. */
  post(request: WorkerRequest): void;
  /** Ends it at once, whatever it does. `onEnd` follows. */
  kill(): void;
}

/** What is heard of a worker. */
export interface EngineHostEvents {
  readonly onReply: (reply: WorkerReply) => void;
  /** The worker is gone; called once. */
  readonly onEnd: (error: LimpidError) => void;
}

/** Starts a worker. */
export type StartHost = (setup: WorkerSetup, events: EngineHostEvents) => EngineHost;

/** The ArrayBuffers that go along with a request. */
export function buffersOf(request: WorkerRequest): readonly ArrayBuffer[] {
  switch (request.type) {
    case 'prepare':
      return [request.upload.data];
    case 'restore':
      return [...request.uploads.map(({ data }) => data), request.output];
    case 'strength':
    case 'forget':
    case 'close':
      return [];
  }
}
