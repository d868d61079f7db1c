/**
 * How far a download is: rewritten in place on a terminal, a line for every tenth elsewhere.
 */
import type { DownloadProgress } from '../job/download.js';
import type { StatusOutput } from './status-line.js';

/** Shortest time between two pictures of the line. */
const INTERVAL_MS = 200;
const CLEAR_LINE = '\r\u001b[2K';

/** Shows progress until it is cleared. */
export class DownloadLine {
  readonly #output: StatusOutput;
  readonly #name: string;
  readonly #now: () => number;
  #start: { readonly atMs: number; readonly received: number } | undefined;
  #shownMs = Number.NEGATIVE_INFINITY;
  #shownTenth = -1;

  constructor(output: StatusOutput, name: string, now: () => number = () => performance.now()) {
    this.#output = output;
    this.#name = name;
    this.#now = now;
  }

  show(progress: DownloadProgress): void {
    const atMs = this.#now();
    this.#start ??= { atMs, received: progress.received };
    const { received, total } = progress;
    if (this.#output.isTTY === true) {
      if (atMs - this.#shownMs < INTERVAL_MS && received !== total) return;
      this.#shownMs = atMs;
      this.#output.write(`${CLEAR_LINE}${this.#text(progress, atMs).slice(0, (this.#output.columns ?? 80) - 1)}`);
      return;
    }
    const tenth = total === undefined || total === 0 ? 0 : Math.floor((10 * received) / total);
    if (tenth > this.#shownTenth) {
      this.#shownTenth = tenth;
      this.#output.write(`${this.#text(progress, atMs)}\n`);
    }
  }

  clear(): void {
    if (this.#output.isTTY === true) this.#output.write(CLEAR_LINE);
  }

  /** "edvr-m-reds: 6.6 of 13.2 MB (50 %), 3.1 MB/s, 2 s left"; the rate is of what came in this run. */
  #text({ received, total }: DownloadProgress, atMs: number): string {
    const mega = (bytes: number) => (bytes / 1e6).toFixed(1);
    const seconds = (atMs - (this.#start?.atMs ?? atMs)) / 1000;
    const rate = seconds > 0 ? (received - (this.#start?.received ?? 0)) / seconds : 0;
    const amount = total === undefined ? `${mega(received)} MB` : `${mega(received)} of ${mega(total)} MB`;
    const share = total === undefined || total === 0 ? '' : ` (${Math.floor((100 * received) / total)} %)`;
    const left = total === undefined || rate === 0 ? '' : `, ${Math.ceil((total - received) / rate)} s left`;
    return `${this.#name}: ${amount}${share}${rate > 0 ? `, ${mega(rate)} MB/s` : ''}${left}`;
  }
}
