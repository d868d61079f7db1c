/**
 * The doctor's findings for a terminal.
 */
import type { DoctorResult } from './doctor.js';
import type { CheckStatus } from './doctor-check.js';

const MARKS: Readonly<Record<CheckStatus, string>> = { ok: '✓', warn: '!', fail: '✗' };

/** One line a check, what to do below those that need it, and a verdict. Plain text, no colours. */
export function doctorText({ ok, checks }: DoctorResult): string {
  const width = Math.max(0, ...checks.map(({ name }) => name.length));
  const lines = checks.flatMap(({ name, status, detail, fix }) => {
    const line = `${MARKS[status]} ${name.padEnd(width)}  ${detail}`;
    return status === 'ok' || fix === undefined ? [line] : [line, `  ${' '.repeat(width)}  → ${fix}`];
  });
  const count = (status: CheckStatus) => checks.filter((check) => check.status === status).length;
  const verdict = ok
    ? `Everything needed works (${count('ok')} checks, ${count('warn')} optional missing)`
    : `${count('fail')} of ${checks.length} checks failed: follow the arrows`;
  return [...lines, '', verdict].join('\n');
}
