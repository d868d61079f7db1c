/**
 * Lets a reader hold back a source that is not live: back-pressure that a push stream lacks.
 */

/** Open or closed. A source that is not live reads on only while its gate is open. */
export class Gate {
  #open = true;
  readonly #listeners = new Set<(open: boolean) => void>();

  get isOpen(): boolean {
    return this.#open;
  }

  set(open: boolean): void {
    if (open !== this.#open) {
      this.#open = open;
      for (const listener of this.#listeners) {
        listener(open);
      }
    }
  }

  /** Calls `listener` at each change, until the returned function is called. */
  onChange(listener: (open: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
