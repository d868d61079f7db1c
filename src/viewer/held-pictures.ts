/**
 * Pictures that wait for their sound, in order; while there is none every picture passes at once.
 */
import { closePair, type DecodedPair } from './drawable.js';

/** Beyond this the oldest is shown before its time: decoders lend out few pictures. */
const MOST = 24;

/** A short queue before the screen. */
export class HeldPictures {
  readonly #waitMs: (pair: DecodedPair) => number;
  readonly #show: (pair: DecodedPair) => void;
  readonly #held: DecodedPair[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `waitMs` says how long a picture has to wait, asked again when that is over. */
  constructor(waitMs: (pair: DecodedPair) => number, show: (pair: DecodedPair) => void) {
    this.#waitMs = waitMs;
    this.#show = show;
  }

  push(pair: DecodedPair): void {
    this.#held.push(pair);
    while (this.#held.length > MOST) {
      this.#release();
    }
    this.#work();
  }

  /** Forgets what waits. */
  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const pair of this.#held.splice(0)) {
      closePair(pair);
    }
  }

  #work(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (let next = this.#held[0]; next !== undefined; next = this.#held[0]) {
      const waitMs = this.#waitMs(next);
      if (waitMs > 1) {
        this.#timer = setTimeout(() => this.#work(), waitMs);
        return;
      }
      this.#release();
    }
  }

  #release(): void {
    const pair = this.#held.shift();
    if (pair !== undefined) {
      this.#show(pair);
    }
  }
}
