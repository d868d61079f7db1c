/**
 * One calm line a second: rewritten in place on a terminal, printed now and then elsewhere, a JSON line where the log is.
 */
import type { StreamStatus } from '../frame/live-stream.js';
import type { Log } from '../log/log.js';

/** What a line is written to: stderr, or a test's stand-in. */
export interface StatusOutput {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const INTERVAL_MS = 1_000;
/** Without a terminal a line every second would fill a log. */
const PLAIN_INTERVAL_MS = 10_000;
const CLEAR_LINE = '\r\u001b[2K';

/** Shows the state of streams until it is stopped. */
export class StatusLine {
  readonly #output: StatusOutput;
  readonly #look: () => { readonly streams: readonly StreamStatus[]; readonly clients: number };
  #timer: NodeJS.Timeout | undefined;

  constructor(
    output: StatusOutput,
    look: () => { readonly streams: readonly StreamStatus[]; readonly clients: number },
  ) {
    this.#output = output;
    this.#look = look;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#show(), this.#output.isTTY === true ? INTERVAL_MS : PLAIN_INTERVAL_MS);
    this.#timer.unref();
  }

  stop(): void {
    if (this.#timer !== undefined) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      this.clear();
    }
  }

  /** Makes room for another line on a terminal. */
  clear(): void {
    if (this.#output.isTTY === true) {
      this.#output.write(CLEAR_LINE);
    }
  }

  #show(): void {
    const { streams, clients } = this.#look();
    const line = statusText(streams, clients);
    if (this.#output.isTTY === true) {
      this.#output.write(`${CLEAR_LINE}${line.slice(0, (this.#output.columns ?? 80) - 1)}`);
    } else {
      this.#output.write(`${line}\n`);
    }
  }
}

/** Where lines go: into the log where it is for programs, else to stderr as they are. */
export function statusOutput(log: Log): StatusOutput {
  return process.env.LIMPID_LOG === 'json' ? { write: (text) => log.info(text.trimEnd()) } : process.stderr;
}

/** The line: one part a stream, then the viewers. */
export function statusText(streams: readonly StreamStatus[], clients: number): string {
  return [...streams.map(streamText), `${clients} ${clients === 1 ? 'client' : 'clients'}`].join(' | ');
}

function streamText(status: StreamStatus): string {
  const { name, state, fpsIn, fpsRestored, framesSkipped, stageMs } = status;
  if (state !== 'live') {
    return `${name} ${state}`;
  }
  const skipped = Object.values(framesSkipped).reduce((sum, count) => sum + count, 0);
  return `${name} in ${fpsIn.toFixed(1)} fps, restored ${fpsRestored.toFixed(1)} fps, skipped ${skipped}, latency ${stageMs.total.p50.toFixed(0)} ms (p95 ${stageMs.total.p95.toFixed(0)}, p99 ${stageMs.total.p99.toFixed(0)})`;
}
