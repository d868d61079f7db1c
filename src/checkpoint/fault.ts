/**
 * The one sentence about a checkpoint that is not what it should be.
 */
import { brief } from '../errors/brief.js';
import { LimpidError } from '../errors/limpid-error.js';

/** ERR_CHECKPOINT: "Expected … but received … (net.pth)". What was received is cut to a line. */
export function checkpointFault(expected: string, received: string, where: string, cause?: unknown): LimpidError {
  return new LimpidError('ERR_CHECKPOINT', `Expected ${expected} but received ${brief(received)} (${where})`, {
    cause,
  });
}
