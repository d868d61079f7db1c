/**
 * Words of others in messages of ours.
 */

/** A text of a file of unknown origin, fit for a message: one line, at most 80 characters, nothing that moves a cursor. */
export function brief(text: string): string {
  const line = text.replace(/[\p{Cc}\u2028\u2029]/gu, '?');
  return line.length > 80 ? `${line.slice(0, 77)}…` : line;
}
