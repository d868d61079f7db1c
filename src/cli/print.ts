/**
 * What commands put on stdout.
 */

/** One JSON document and nothing else. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}
