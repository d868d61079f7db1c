import { describe, expect, it } from 'vitest';
import type { AudioPacket } from '../../src/frame/audio.js';
import type { DecodedFrame } from '../../src/frame/frame.js';
import { StreamClock } from '../../src/stream/stream-clock.js';

const MS = 1_000_000n;

/** A picture with session PTS and wall clock in ms. */
function picture(ptsMs: number, captureTimeMs: number): DecodedFrame {
  return { ptsNs: BigInt(ptsMs) * MS, captureTimeMs, width: 1, height: 1, format: 'rgb8', data: new Uint8Array(3) };
}

describe('StreamClock', () => {
  it('starts at zero and carries the spacing of a variable frame rate', () => {
    const clock = new StreamClock();
    const frames = [picture(7000, 0), picture(7040, 41), picture(7540, 539), picture(7580, 585)].map((p) =>
      clock.place(p),
    );
    expect(frames.map((frame) => frame.ptsNs / MS)).toEqual([0n, 40n, 540n, 580n]);
    expect(frames.map((frame) => frame.seq)).toEqual([0, 1, 2, 3]);
    expect(frames.map((frame) => frame.discontinuity)).toEqual([true, false, false, false]);
  });

  it('continues a new session after the wall time that was lost', () => {
    const clock = new StreamClock();
    clock.startSession();
    clock.place(picture(500, 1_000));
    clock.place(picture(540, 1_040));
    clock.startSession();
    const [first, second] = [picture(90_000, 4_040), picture(90_040, 4_080)].map((p) => clock.place(p));
    expect(first).toMatchObject({ ptsNs: 3_040n * MS, seq: 2, session: 1, discontinuity: true });
    expect(second).toMatchObject({ ptsNs: 3_080n * MS, seq: 3, session: 1, discontinuity: false });
  });

  it('flags a PTS that jumps back and keeps the stream clock rising', () => {
    const clock = new StreamClock();
    clock.place(picture(1_000, 0));
    const back = clock.place(picture(200, 40));
    expect(back).toMatchObject({ ptsNs: 40n * MS, session: 0, discontinuity: true });
  });

  it('takes a PTS that lies hardly before the one that came before it for no jump', () => {
    const clock = new StreamClock();
    const stamps = [0, 40, 80, 70, 160, 200, 200, 280];
    const frames = stamps.map((ptsMs, i) => clock.place(picture(ptsMs, 40 * i)));
    expect(frames.map(({ ptsNs }) => ptsNs / MS)).toEqual([0n, 40n, 80n, 81n, 160n, 200n, 201n, 280n]);
    expect(frames.filter(({ discontinuity }) => discontinuity).map(({ seq }) => seq)).toEqual([0]);
  });

  it('flags a PTS that starts again at once and again', () => {
    const clock = new StreamClock();
    const frames = [0, 40, 0, 40, 0, 40].map((ptsMs, i) => clock.place(picture(ptsMs, 40 * i)));
    expect(frames.slice(1).some(({ discontinuity }) => discontinuity)).toBe(true);
    const steps = frames.slice(1).map(({ ptsNs }, i) => ptsNs - (frames[i]?.ptsNs ?? 0n));
    expect(steps.every((step) => step > 0n)).toBe(true);
  });

  it('goes by the wall clock while a PTS stands still, and on from there when it rises again', () => {
    const clock = new StreamClock();
    // As a decoder gives them while the stamps of its source lie before its latest.
    const frames = [0, 40, 40, 40, 40, 40, 40, 80, 120].map((ptsMs, i) => clock.place(picture(ptsMs, 50 * i)));
    expect(frames.map(({ ptsNs }) => ptsNs / MS)).toEqual([0n, 40n, 41n, 42n, 92n, 142n, 192n, 242n, 282n]);
    expect(frames.filter(({ discontinuity }) => discontinuity).map(({ seq }) => seq)).toEqual([0]);
  });

  it('flags a PTS that jumps far ahead of the wall clock', () => {
    const clock = new StreamClock();
    clock.place(picture(0, 0));
    const ahead = clock.place(picture(3_600_000, 40));
    expect(ahead).toMatchObject({ ptsNs: 40n * MS, discontinuity: true });
  });

  it('carries a long pause of the camera that the wall clock confirms', () => {
    const clock = new StreamClock();
    clock.place(picture(0, 0));
    expect(clock.place(picture(60_000, 60_002))).toMatchObject({ ptsNs: 60_000n * MS, discontinuity: false });
  });

  it('rises by at least a millisecond when two sessions meet in the same instant', () => {
    const clock = new StreamClock();
    clock.place(picture(0, 1_000));
    clock.startSession();
    expect(clock.place(picture(0, 1_000)).ptsNs).toBe(1n * MS);
  });

  it.each([
    ['33 bits of MPEG-TS', 2n ** 33n],
    ['32 bits of RTP', 2n ** 32n],
  ])('goes on where a clock of 90 kHz starts again: %s', (_name, ticks) => {
    const clock = new StreamClock();
    const wrapped = [-2n, -1n, 0n, 1n].map((step, i) =>
      clock.place({
        ...picture(0, 1_000 + 40 * i),
        ptsNs: (((ticks + step * 3_600n) % ticks) * 1_000_000_000n) / 90_000n,
      }),
    );
    // A clock of 90 kHz is not one of whole nanoseconds.
    expect(wrapped.map(({ ptsNs }) => Math.round(Number(ptsNs) / 1e6))).toEqual([0, 40, 80, 120]);
    expect(wrapped.map(({ discontinuity }) => discontinuity)).toEqual([true, false, false, false]);
  });

  it('takes a jump back for a discontinuity, not for a wrap', () => {
    const clock = new StreamClock();
    const frames = [picture(90_000_000, 0), picture(20, 40)].map((p) => clock.place(p));
    expect(frames.map(({ discontinuity }) => discontinuity)).toEqual([true, true]);
  });
});

/** A packet of sound with session PTS in ms. */
function sound(ptsMs: number): AudioPacket {
  return { caps: 'audio/x-alaw', ptsNs: BigInt(ptsMs) * MS, durationNs: 20n * MS, data: Buffer.alloc(160) };
}

const placedMs = (clock: StreamClock, ...times: readonly number[]) =>
  times.map((ptsMs) => {
    const placed = clock.placeAudio(sound(ptsMs));
    return placed === null ? null : Number(placed.ptsNs / MS);
  });

describe('the sound on a StreamClock', () => {
  it('keeps its place beside the pictures of its session, in every session', () => {
    const clock = new StreamClock();
    clock.startSession();
    clock.place(picture(7_000, 1_000));
    expect(placedMs(clock, 6_990, 7_010, 7_030)).toEqual([-10, 10, 30]);
    clock.startSession();
    expect(placedMs(clock, 7_050)).toEqual([null]);
    clock.place(picture(90_000, 4_000));
    expect(placedMs(clock, 90_005, 90_025)).toEqual([3_005, 3_025]);
  });

  it.each([3_600_000, -3_600_000])('keeps its place where only the pictures jump, by %i ms', (jumpMs) => {
    const clock = new StreamClock();
    const base = 7_200_000;
    clock.place(picture(base, 0));
    clock.place(picture(base + 40, 40));
    expect(placedMs(clock, base + 20, base + 40)).toEqual([20, 40]);
    clock.place(picture(base + 80 + jumpMs, 80));
    expect(placedMs(clock, base + 60, base + 80)).toEqual([60, 80]);
    clock.place(picture(base + 120 + jumpMs, 120));
    expect(placedMs(clock, base + 100)).toEqual([100]);
  });

  it.each([3_600_000, -3_600_000])('follows the pictures where both jump, by %i ms, whoever is first', (jumpMs) => {
    const clock = new StreamClock();
    const base = 7_200_000;
    clock.place(picture(base, 0));
    expect(placedMs(clock, base + 20)).toEqual([20]);
    expect(placedMs(clock, base + 40 + jumpMs)).toEqual([null]);
    clock.place(picture(base + 40 + jumpMs, 40));
    expect(placedMs(clock, base + 40, base + 60 + jumpMs)).toEqual([40, 60]);
    clock.place(picture(base + 80 + jumpMs, 80));
    expect(placedMs(clock, base + 80 + jumpMs)).toEqual([80]);
  });

  it('keeps its place while the stamps of the pictures stand still', () => {
    const clock = new StreamClock();
    for (let i = 0; i < 20; i += 1) {
      clock.place(picture(Math.min(i, 5) * 40, i * 40));
    }
    expect(placedMs(clock, 760)).toEqual([760]);
  });

  it('never goes back, and is left out where it is far from every picture', () => {
    const clock = new StreamClock();
    clock.place(picture(0, 0));
    expect(placedMs(clock, 40, 20, 40, 60)).toEqual([40, null, null, 60]);
    expect(placedMs(clock, 20_000, 80)).toEqual([null, 80]);
  });

  it('follows a clock of 90 kHz that starts again, before or after the pictures do', () => {
    const wrapMs = Number((2n ** 33n * 1_000n) / 90_000n);
    const clock = new StreamClock();
    clock.place(picture(wrapMs - 40, 0));
    expect(placedMs(clock, wrapMs - 30, 10)).toEqual([10, 50]);
    clock.place(picture(0, 40));
    expect(placedMs(clock, 30, 50)).toEqual([70, 90]);
  });
});
