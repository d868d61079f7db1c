import { expect, it } from 'vitest';
import { DownloadLine } from '../../src/cli/download-line.js';

/** A line on a stand-in for stderr, and a clock that is set by hand. */
function line(isTTY: boolean) {
  const written: string[] = [];
  const clock = { ms: 0 };
  const output = { isTTY, columns: 60, write: (text: string) => written.push(text) };
  return { written, clock, line: new DownloadLine(output, 'gate', () => clock.ms) };
}

it('rewrites one line on a terminal, a few times a second, and clears it', () => {
  const { written, clock, line: shown } = line(true);
  const at = (ms: number, received: number) => {
    clock.ms = ms;
    shown.show({ received, total: 4e6 });
  };
  at(0, 1e6);
  at(100, 2e6);
  at(1000, 3e6);
  shown.clear();
  expect(written).toEqual([
    '\r\u001b[2Kgate: 1.0 of 4.0 MB (25 %)',
    '\r\u001b[2Kgate: 3.0 of 4.0 MB (75 %), 2.0 MB/s, 1 s left',
    '\r\u001b[2K',
  ]);
});

it('prints a line for every tenth elsewhere', () => {
  const { written, line: shown } = line(false);
  for (let received = 0; received <= 100; received++) shown.show({ received: received * 1e5, total: 1e7 });
  expect(written).toHaveLength(11);
  expect(written[5]).toBe('gate: 5.0 of 10.0 MB (50 %)\n');
});

it('does without the size', () => {
  const { written, line: shown } = line(true);
  shown.show({ received: 1_500_000, total: undefined });
  expect(written).toEqual(['\r\u001b[2Kgate: 1.5 MB']);
});
