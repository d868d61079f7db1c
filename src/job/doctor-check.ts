/**
 * What the doctor says about one thing, and the line that mends most of them.
 */

/** 'ok' works; 'warn' is missing but optional; 'fail' must be mended. */
export type CheckStatus = 'ok' | 'warn' | 'fail';

/** One thing looked at. */
export interface Check {
  readonly name: string;
  readonly status: CheckStatus;
  /** What was found, one line. */
  readonly detail: string;
  /** What to do about it; always there when something fails. */
  readonly fix?: string;
}

/** 'sudo apt-get install -y …', without sudo for root. */
export function aptInstall(packages: readonly string[]): string {
  const sudo = process.getuid?.() === 0 ? '' : 'sudo ';
  return `${sudo}apt-get install -y --no-install-recommends ${packages.join(' ')}`;
}
