/**
 * The machine's memory as the engines of all streams share it: what one has claimed, no other is promised.
 */

/** Share of what is available that engines may claim; the rest is for pictures, encoders and others' programs. */
const CLAIMABLE = 0.8;

/** Claims on memory, by whoever made them. */
export class MemoryBudget {
  readonly #totalBytes: number;
  readonly #claims = new Map<object, number>();

  constructor(totalBytes: number) {
    this.#totalBytes = totalBytes;
  }

  /** What is available now to this process, limits of its control group included. */
  static ofMachine(): MemoryBudget {
    return new MemoryBudget(CLAIMABLE * process.availableMemory());
  }

  /** Bytes that nobody has claimed. */
  get leftBytes(): number {
    return [...this.#claims.values()].reduce((left, bytes) => left - bytes, this.#totalBytes);
  }

  /** Claims bytes in place of what the owner had; false where they are not left, and the owner keeps what it had. */
  claim(owner: object, bytes: number): boolean {
    if (bytes > this.leftBytes + (this.#claims.get(owner) ?? 0)) {
      return false;
    }
    this.#claims.set(owner, bytes);
    return true;
  }

  /** Gives back what the owner had. Idempotent. */
  release(owner: object): void {
    this.#claims.delete(owner);
  }
}
