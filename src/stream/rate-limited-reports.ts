/**
 * Reports repeated trouble at most once a second: nothing is swallowed, nothing floods.
 */

const INTERVAL_MS = 1_000;

/** Passes a line on when the last report is a second old; the others are counted and mentioned with the next one. */
export class RateLimitedReports {
  readonly #write: (line: string) => void;
  readonly #now: () => number;
  #lastMs = Number.NEGATIVE_INFINITY;
  #held = 0;
  #heldLine = '';

  /** @param now milliseconds of a clock that never goes back */
  constructor(write: (line: string) => void, now: () => number = () => performance.now()) {
    this.#write = write;
    this.#now = now;
  }

  report(line: string): void {
    const nowMs = this.#now();
    if (nowMs - this.#lastMs < INTERVAL_MS) {
      this.#held += 1;
      this.#heldLine = line;
      return;
    }
    this.#lastMs = nowMs;
    this.#write(this.#held === 0 ? line : `${line} (and ${this.#held} more since the last report)`);
    this.#held = 0;
  }

  /** Writes what was held back. */
  flush(): void {
    if (this.#held > 0) {
      this.#write(this.#held === 1 ? this.#heldLine : `${this.#heldLine} (${this.#held} times since the last report)`);
      this.#held = 0;
    }
  }
}
