import { describe, expect, it } from 'vitest';
import type { RestoredFrame } from '../../src/frame/frame.js';
import { Lease } from '../../src/frame/lease.js';
import { Renumbering } from '../../src/service/renumbering.js';
import { testFrame } from '../fixtures/frames.js';

const MS = 1_000_000n;
let freed: number[] = [];

/** A frame of a stream that counts from zero, 40 ms apart, captured at its time. */
function restored(seq: number, atMs: number): RestoredFrame {
  const times = { seq, session: 0, ptsNs: BigInt(seq) * 40n * MS, captureTimeMs: atMs };
  const source = { ...testFrame(seq), ...times };
  const lease = new Lease(() => freed.push(seq));
  return { frame: { ...source, lease }, source, timing: { waitMs: 0, pyramidMs: 0, restoreMs: 0 } };
}

/** As a stream does: what it gave is its watchers' for the call only. */
function place(numbers: Renumbering, one: RestoredFrame): RestoredFrame {
  const placed = numbers.place(one);
  one.frame.lease?.release();
  return placed;
}

describe('the last frame while its source is away', () => {
  it('is shown again with rising numbers, marked, its pixels kept and then given back', () => {
    freed = [];
    const numbers = new Renumbering();
    expect(numbers.again(900)).toBeUndefined();
    place(numbers, restored(0, 1_000));
    const last = place(numbers, restored(1, 1_040));
    expect(freed).toEqual([0]);
    const again = [numbers.again(2_040), numbers.again(3_040)];
    expect(again.map((one) => one?.frame)).toMatchObject([
      { seq: 2, session: 0, ptsNs: 1_040n * MS, captureTimeMs: 1_040, data: last.frame.data },
      { seq: 3, session: 0, ptsNs: 2_040n * MS, captureTimeMs: 1_040, data: last.frame.data },
    ]);
    expect(again.map((one) => [one?.repeated, one?.source.seq])).toEqual([
      [true, 2],
      [true, 3],
    ]);
    expect(freed).toEqual([0]);
    numbers.dispose();
    expect(freed).toEqual([0, 1]);
  });

  it('never lets time stand still or go back when the source returns', () => {
    const numbers = new Renumbering();
    place(numbers, restored(0, 1_000));
    numbers.again(2_000);
    const next = place(numbers, restored(5, 1_990));
    expect(next).toMatchObject({ frame: { seq: 6, ptsNs: 1_001n * MS } });
    expect(next.repeated).toBeUndefined();
    expect(place(numbers, restored(6, 2_030)).frame).toMatchObject({ seq: 7, ptsNs: 1_041n * MS });
  });

  it('is followed by a stream that was opened anew, one session later', () => {
    const numbers = new Renumbering();
    place(numbers, restored(0, 1_000));
    numbers.again(2_000);
    numbers.startOver();
    expect(place(numbers, restored(0, 2_500)).frame).toMatchObject({ seq: 2, session: 1, ptsNs: 1_500n * MS });
  });
});
