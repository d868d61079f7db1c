/**
 * Numbers that look random and are the same in every run (mulberry32).
 */

/** A source of repeatable test data. */
export interface SeededRandom {
  /** An integer from 0 to below `limit` (≤ 2^32). */
  integer(limit: number): number;
  bytes(length: number): Uint8Array<ArrayBuffer>;
}

/** Opens a source of test data. */
export function seededRandom(seed: number): SeededRandom {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  return {
    integer: (limit) => Math.floor((next() / 2 ** 32) * limit),
    bytes: (length) => Uint8Array.from({ length }, () => next() & 255),
  };
}
