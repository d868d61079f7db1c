import { describe, expect, it } from 'vitest';
import { framesText, RestoreProgressLine, timeText } from '../../src/cli/restore-progress.js';

/** An output that keeps what was written, and a clock that is set. */
function screen(isTTY: boolean) {
  const written: string[] = [];
  const clock = { ms: 0 };
  const output = { isTTY, columns: 80, write: (text: string) => written.push(text) };
  return { written, clock, line: new RestoreProgressLine(output, () => clock.ms) };
}

describe('the progress of restore', () => {
  it('is a bar with the time that remains on a terminal, rewritten in place', () => {
    const { written, clock, line } = screen(true);
    clock.ms = 10_000;
    line.show({ done: 50, found: 0, total: 200, share: 0.25 });
    expect(written).toEqual(['\r\u001b[2K[######..................] 25 %, 50 of 200 frames, 5.0 fps, 0:30 left']);
  });

  it('is a plain line every ten seconds elsewhere', () => {
    const { written, clock, line } = screen(false);
    for (let second = 1; second <= 25; second += 1) {
      clock.ms = second * 1_000;
      line.show({ done: second * 4, found: 0, total: null, share: null });
    }
    expect(written).toEqual(['40 frames, 4.0 fps\n', '80 frames, 4.0 fps\n']);
  });

  it('counts frames that were found as no speed, and forgets a slow start', () => {
    const { written, clock, line } = screen(false);
    clock.ms = 10_000;
    line.show({ done: 100, found: 100, total: 1_000, share: 0.1 });
    for (let at = 20_000; at <= 50_000; at += 10_000) {
      clock.ms = at;
      line.show({ done: 100 + (at - 10_000) / 500, found: 100, total: 1_000, share: 0.1 + (at - 10_000) / 500_000 });
    }
    expect(written[0]).toBe('10 %, 100 of 1000 frames, 0.0 fps, 1:30 left\n');
    // Half the way of 2 frames a second: (1 − 0.18) / 0.002 a second.
    expect(written.at(-1)).toBe('18 %, 180 of 1000 frames, 2.0 fps, 6:50 left\n');
  });

  it('counts as people do', () => {
    expect([0, 1, 2].map(framesText)).toEqual(['0 frames', '1 frame', '2 frames']);
    const { written, clock, line } = screen(false);
    clock.ms = 10_000;
    line.show({ done: 1, found: 0, total: 1, share: null });
    expect(written).toEqual(['1 of 1 frame, 0.1 fps\n']);
  });

  it('writes times as people do', () => {
    expect([0, 59.6, 61, 3_671].map(timeText)).toEqual(['0:00', '1:00', '1:01', '1:01:11']);
  });
});
