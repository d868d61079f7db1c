/**
 * How far `restore` is: a bar with the time that remains on a terminal, a calm line now and then elsewhere.
 */
import type { RestoreProgress } from '../job/restore-options.js';
import type { StatusOutput } from './status-line.js';

const TERMINAL_INTERVAL_MS = 100;
/** Without a terminal a line every second would fill a log. */
const PLAIN_INTERVAL_MS = 10_000;
/** The rate is that of the last seconds: what was found there, or a slow start, says nothing of the rest. */
const RATE_WINDOW_MS = 15_000;
const BAR_CELLS = 24;
const CLEAR_LINE = '\r\u001b[2K';

interface Mark {
  readonly atMs: number;
  readonly written: number;
  readonly share: number | null;
}

/** Shows progress on one output. */
export class RestoreProgressLine {
  readonly #output: StatusOutput;
  readonly #now: () => number;
  readonly #marks: Mark[] = [];
  #shownAtMs: number;

  constructor(output: StatusOutput, now: () => number = () => performance.now()) {
    this.#output = output;
    this.#now = now;
    this.#shownAtMs = now();
    this.#marks.push({ atMs: now(), written: 0, share: 0 });
  }

  /** Takes what is new; shows it when it is time. */
  show(progress: RestoreProgress): void {
    const nowMs = this.#now();
    const onTerminal = this.#output.isTTY === true;
    if (nowMs - this.#shownAtMs < (onTerminal ? TERMINAL_INTERVAL_MS : PLAIN_INTERVAL_MS)) {
      return;
    }
    this.#shownAtMs = nowMs;
    this.#marks.push({ atMs: nowMs, written: progress.done - progress.found, share: progress.share });
    while ((this.#marks[1]?.atMs ?? nowMs) < nowMs - RATE_WINDOW_MS) {
      this.#marks.shift();
    }
    const line = this.#text(progress, onTerminal);
    this.#output.write(onTerminal ? `${CLEAR_LINE}${line.slice(0, (this.#output.columns ?? 80) - 1)}` : `${line}\n`);
  }

  /** Makes room for another line. */
  clear(): void {
    if (this.#output.isTTY === true) {
      this.#output.write(CLEAR_LINE);
    }
  }

  #text({ done, total, share }: RestoreProgress, onTerminal: boolean): string {
    const first = this.#marks[0];
    const last = this.#marks.at(-1);
    const seconds = ((last?.atMs ?? 0) - (first?.atMs ?? 0)) / 1_000;
    const framesPerSecond = seconds > 0 ? ((last?.written ?? 0) - (first?.written ?? 0)) / seconds : 0;
    const gained = (share ?? 0) - (first?.share ?? 0);
    const remaining = share === null || gained <= 0 ? null : ((1 - share) / gained) * seconds;
    return [
      ...(share === null ? [] : [`${onTerminal ? `${bar(share)} ` : ''}${Math.floor(share * 100)} %`]),
      total === null ? framesText(done) : `${done} of ${framesText(total)}`,
      `${framesPerSecond.toFixed(1)} fps`,
      ...(remaining === null ? [] : [`${timeText(remaining)} left`]),
    ].join(', ');
  }
}

function bar(share: number): string {
  const full = Math.round(share * BAR_CELLS);
  return `[${'#'.repeat(full)}${'.'.repeat(BAR_CELLS - full)}]`;
}

/** 1 → '1 frame'. */
export function framesText(count: number): string {
  return `${count} ${count === 1 ? 'frame' : 'frames'}`;
}

/** 3671 → '1:01:11'. */
export function timeText(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (value: number): string => String(value).padStart(2, '0');
  const hours = Math.floor(whole / 3_600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}
