/**
 * Shared ownership of a pooled buffer: the last one to release it sends it back to its pool.
 */

/** Counted ownership of one buffer. A lease starts held once, by its creator. */
export class Lease {
  #holders = 1;
  readonly #onFree: () => void;

  /** @param onFree called once, when the last holder has released. */
  constructor(onFree: () => void) {
    this.#onFree = onFree;
  }

  /** One more holder. Has no effect once the buffer has gone back. */
  retain(): void {
    if (this.#holders > 0) {
      this.#holders += 1;
    }
  }

  /** One holder less; further calls after the last are ignored. */
  release(): void {
    if (this.#holders === 0) {
      return;
    }
    this.#holders -= 1;
    if (this.#holders === 0) {
      this.#onFree();
    }
  }
}
