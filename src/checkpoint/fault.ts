/**
 * The one sentence about a checkpoint that is not what it should be.
 */
import { LimpidError } from '../errors/limpid-error.js';

/** ERR_CHECKPOINT: "Expected … but received … (net.pth)". What was received is cut to a line. */
export function checkpointFault(expected: string, received: string, where: string, cause?: unknown): LimpidError {
  return new LimpidError('ERR_CHECKPOINT', `Expected ${expected} but received ${brief(received)} (${where})`, {
    cause,
  });
}

/** A text of a file of unknown origin, fit for a message: one line, at most 80 characters, nothing that moves a cursor. */
export function brief(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const line = text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, '?');
  return line.length > 80 ? `${line.slice(0, 77)}…` : line;
}
