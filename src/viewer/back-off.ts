/**
 * How long to wait before knocking again.
 */

const FIRST_MS = 500;
const LONGEST_MS = 10_000;

/**
 * Wait before attempt number `attempt` (1, 2, …), ms: doubles up to ten seconds, less up to a third by `jitter` (0 to 1),
 * so that the viewers of a restarted server don't all come at once.
 */
export function backOffMs(attempt: number, jitter: number): number {
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** (attempt - 1));
  return Math.round(full * (1 - jitter / 3));
}
