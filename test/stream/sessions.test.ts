import { concat, NEVER, type Observable, of, takeUntil, throwError, timer } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import { LimpidError } from '../../src/errors/limpid-error.js';
import type { DecodedFrame } from '../../src/frame/frame.js';
import { Gate } from '../../src/frame/gate.js';
import { openSessions, type ReconnectPolicy, type SessionEvent } from '../../src/stream/sessions.js';

const picture: DecodedFrame = {
  ptsNs: 0n,
  captureTimeMs: 0,
  width: 1,
  height: 1,
  format: 'rgb8',
  data: new Uint8Array(3),
};
const lost = new LimpidError('ERR_SOURCE_LOST', 'the camera is gone');
const refused = new LimpidError('ERR_SOURCE_OPEN', 'the camera refused');
const hopeless = new LimpidError('ERR_INPUT_FILE', 'no such file');
const policy: ReconnectPolicy = {
  firstDelayMs: 500,
  maxDelayMs: 2_000,
  factor: 2,
  jitter: 0.5,
  stableMs: 0,
  mustOpenFirst: false,
};

/** Runs sessions in virtual time; returns what happened and when, ms. */
function watch(
  sessions: readonly Observable<DecodedFrame>[],
  reconnect: ReconnectPolicy | undefined,
  forMs: number,
  random = 0,
) {
  const scheduler = new TestScheduler(() => undefined);
  const happened: string[] = [];
  let opened = 0;
  scheduler.run(() => {
    const subscription = openSessions({
      source: { label: 'camera', live: true, session$: () => sessions[opened++] ?? NEVER },
      gate: new Gate(),
      reconnect,
      scheduler,
      random: () => random,
      onEvent: (event: SessionEvent) => happened.push(`${scheduler.now()} ${event.type}`),
    }).subscribe({
      next: (frame) => happened.push(`${scheduler.now()} frame ${frame.seq} of session ${frame.session}`),
      error: (error: LimpidError) => happened.push(`${scheduler.now()} error ${error.code}`),
      complete: () => happened.push(`${scheduler.now()} complete`),
    });
    scheduler.schedule(() => subscription.unsubscribe(), forMs);
  });
  return { happened, opened };
}

const failing = (error: LimpidError) => throwError(() => error);

describe('openSessions', () => {
  it('opens a lost source again after the first delay, on the same seq', () => {
    const { happened } = watch([concat(of(picture), failing(lost)), concat(of(picture), NEVER)], policy, 10_000);
    expect(happened).toEqual([
      '0 opening',
      '0 live',
      '0 frame 0 of session 0',
      '0 lost',
      '500 opening',
      '500 live',
      '500 frame 1 of session 1',
    ]);
  });

  it('waits twice as long after each failure, up to the longest delay, and starts over once live', () => {
    const { happened } = watch(
      [
        failing(refused),
        failing(refused),
        failing(refused),
        failing(refused),
        concat(of(picture), failing(lost)),
        NEVER,
      ],
      policy,
      20_000,
    );
    expect(happened.filter((line) => line.endsWith('opening'))).toEqual([
      '0 opening',
      '500 opening',
      '1500 opening',
      '3500 opening',
      '5500 opening',
      '6000 opening',
    ]);
  });

  it('goes on waiting longer while sessions break off before they are stable', () => {
    const silence = NEVER.pipe(takeUntil(timer(3_000)));
    const short = concat(of(picture), failing(lost));
    const stalled = concat(of(picture), silence, failing(lost));
    const long = concat(of(picture), silence, of(picture), failing(lost));
    const { happened } = watch([short, stalled, long, NEVER], { ...policy, stableMs: 2_000 }, 20_000);
    expect(happened.filter((line) => line.endsWith('opening'))).toEqual([
      '0 opening',
      '500 opening',
      '4500 opening',
      '8000 opening',
    ]);
  });

  it('leaves the jitter’s share of a wait to chance', () => {
    const { happened } = watch([failing(refused), failing(refused), NEVER], policy, 20_000, 0.5);
    expect(happened.filter((line) => line.endsWith('opening'))).toEqual(['0 opening', '375 opening', '1125 opening']);
  });

  it('fails at once when the first attempt must succeed', () => {
    expect(watch([failing(refused)], { ...policy, mustOpenFirst: true }, 10_000).happened).toEqual([
      '0 opening',
      '0 error ERR_SOURCE_OPEN',
    ]);
  });

  it('retries for ever once it was live, though the first attempt had to succeed', () => {
    const { opened } = watch(
      [concat(of(picture), failing(lost)), failing(refused), NEVER],
      { ...policy, mustOpenFirst: true },
      10_000,
    );
    expect(opened).toBe(3);
  });

  it('never retries what is wrong in itself', () => {
    expect(watch([failing(hopeless)], policy, 10_000).happened).toEqual(['0 opening', '0 error ERR_INPUT_FILE']);
  });

  it('ends with its only session when there is no reconnect policy', () => {
    expect(watch([concat(of(picture), failing(lost))], undefined, 10_000).happened.at(-1)).toBe(
      '0 error ERR_SOURCE_LOST',
    );
    expect(watch([of(picture)], undefined, 10_000).happened.at(-1)).toBe('0 complete');
  });

  it('opens nothing more once unsubscribed during a wait', () => {
    expect(watch([failing(refused), NEVER], policy, 400).opened).toBe(1);
  });
});
