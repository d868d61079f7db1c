/**
 * Watches one session of a source in tests: waits are for events, each with a deadline.
 */
import type { Subscription } from 'rxjs';
import { expect } from 'vitest';
import { LimpidError } from '../../src/errors/limpid-error.js';
import type { AudioPacket } from '../../src/frame/audio.js';
import type { DecodedFrame } from '../../src/frame/frame.js';
import type { Gate } from '../../src/frame/gate.js';
import type { Source } from '../../src/source/source.js';

/** How a session ended: completed, or with an error. */
export type SessionEnd = { readonly error: LimpidError | null; readonly atMs: number };

/** A session under observation. */
export interface WatchedSession {
  /** Every frame so far. */
  readonly frames: readonly DecodedFrame[];
  /** Every packet of sound so far, each with how many frames had come before it; none unless sound was asked for. */
  readonly sound: readonly (AudioPacket & { readonly frames: number })[];
  /** Resolves when `count` frames have come; rejects when the session ends before. */
  framesReach(count: number): Promise<void>;
  /** Resolves when the session ends. */
  readonly ended: Promise<SessionEnd>;
  unsubscribe(): void;
}

const DEADLINE_MS = 25_000;

/** Subscribes to a session, with its sound where that is wanted. */
export function watch(source: Source, gate?: Gate, wanted: 'pictures' | 'sound' = 'pictures'): WatchedSession {
  const frames: DecodedFrame[] = [];
  const sound: (AudioPacket & { frames: number })[] = [];
  const waiting = new Set<() => void>();
  let end: SessionEnd | undefined;
  const wake = () => {
    for (const listener of [...waiting]) {
      listener();
    }
  };
  const until = (what: string, met: () => boolean) =>
    new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => settle(new Error(`${what} took more than ${DEADLINE_MS} ms`)), DEADLINE_MS);
      const settle = (error?: Error) => {
        clearTimeout(timer);
        waiting.delete(check);
        error === undefined ? resolve() : reject(error);
      };
      const check = () => {
        if (met()) {
          settle();
        } else if (end !== undefined) {
          settle(new Error(`${what}: the session ended first: ${end.error?.message ?? 'complete'}`));
        }
      };
      waiting.add(check);
      check();
    });
  const finish = (error: LimpidError | null) => {
    end = { error, atMs: Date.now() };
    wake();
  };
  const onAudio =
    wanted === 'sound' ? (packet: AudioPacket) => void sound.push({ ...packet, frames: frames.length }) : undefined;
  const subscription: Subscription = source.session$({ gate, onAudio }).subscribe({
    next: (frame) => {
      frames.push(frame);
      wake();
    },
    error: (error: unknown) => {
      expect(error).toBeInstanceOf(LimpidError);
      finish(error instanceof LimpidError ? error : null);
    },
    complete: () => finish(null),
  });
  const ended = until('the end of the session', () => end !== undefined).then(() => end ?? { error: null, atMs: 0 });
  ended.catch(() => undefined);
  return {
    frames,
    sound,
    framesReach: (count) => until(`${count} frames`, () => frames.length >= count),
    ended,
    unsubscribe: () => subscription.unsubscribe(),
  };
}

/** Steps between PTS, ms. */
export function ptsStepsMs(frames: readonly Pick<DecodedFrame, 'ptsNs'>[]): number[] {
  return frames.slice(1).map((frame, index) => Number(frame.ptsNs - (frames[index]?.ptsNs ?? 0n)) / 1e6);
}
