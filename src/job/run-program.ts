/**
 * Runs a program to its end and tells how it went, without throwing.
 */
import { execFile } from 'node:child_process';

/** How a program ended. */
export type ProgramResult =
  | { readonly ended: 'ok'; readonly stdout: string }
  /** Not on the PATH, or not executable. */
  | { readonly ended: 'missing' }
  /** A code other than 0, a signal or the deadline; `problem` is one line. */
  | { readonly ended: 'failed'; readonly problem: string };

/** Runs `program` without a shell and with a deadline. */
export type RunProgram = (program: string, args: readonly string[]) => Promise<ProgramResult>;

const TIMEOUT_MS = 30_000;
const MAX_OUTPUT_BYTES = 16 * 2 ** 20;

/** Runs a program of this machine for at most 30 s. */
export const runProgram: RunProgram = (program, args) =>
  new Promise((resolve) => {
    const options = { timeout: TIMEOUT_MS, killSignal: 'SIGKILL', maxBuffer: MAX_OUTPUT_BYTES } as const;
    execFile(program, [...args], options, (error, stdout, stderr) => {
      if (error === null) {
        resolve({ ended: 'ok', stdout });
      } else if (error.code === 'ENOENT' || error.code === 'EACCES') {
        resolve({ ended: 'missing' });
      } else if (error.killed === true) {
        resolve({ ended: 'failed', problem: `no answer within ${TIMEOUT_MS / 1000} s` });
      } else {
        resolve({ ended: 'failed', problem: errorLine(stderr) ?? `ended by ${error.signal ?? `code ${error.code}`}` });
      }
    });
  });

/** The line of a program's complaint that says most: the first that begins with an error, else the last. */
function errorLine(stderr: string): string | undefined {
  const lines = stderr.split('\n').map((line) => line.trim());
  const spoken = lines.filter((line) => line !== '');
  return spoken.find((line) => /^\w*error\b.*: /i.test(line)) ?? spoken.at(-1);
}
