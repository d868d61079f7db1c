/**
 * The pipes of a child process, which Node does not make where it has run out of file descriptors.
 */
import type { ChildProcess } from 'node:child_process';
import { type ErrorCode, LimpidError } from '../errors/limpid-error.js';

/** Throws where a child has no pipes. Node tells of it in an event besides: unheard, that would end this process. */
export function requirePipes(child: ChildProcess, code: ErrorCode, what: string): void {
  const { stdio }: { readonly stdio?: ChildProcess['stdio'] } = child;
  if (stdio === undefined) {
    child.once('error', () => undefined);
    throw new LimpidError(
      code,
      `Expected file descriptors for the pipes of ${what} but this process has none left; raise its limit (ulimit -n, LimitNOFILE)`,
    );
  }
}
