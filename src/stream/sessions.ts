/**
 * Keeps a source open: opens it again whenever a session ends, waiting longer after each failure.
 *
 *     opening ──first picture──▶ live ──silence, crash, end──▶ lost ──back-off──▶ opening (the next session)
 */
import { asyncScheduler, Observable, type SchedulerLike, Subscription, timer } from 'rxjs';
import { LimpidError, messageOf } from '../errors/limpid-error.js';
import type { AudioPacket } from '../frame/audio.js';
import type { DecodedFrame, Frame } from '../frame/frame.js';
import type { Gate } from '../frame/gate.js';
import type { Source } from '../source/source.js';
import { type ReconnectOptions, reconnectOptionsSchema } from './reconnect-options.js';
import { StreamClock } from './stream-clock.js';

/** How long to wait before the next attempt, and which failure is final. */
export interface ReconnectPolicy extends ReconnectOptions {
  /** A source that can't be opened at the very first attempt ends the stream instead. */
  readonly mustOpenFirst: boolean;
}

export const defaultReconnect: ReconnectPolicy = { ...reconnectOptionsSchema.parse({}), mustOpenFirst: false };

/** What happened to a source, for the log, the statistics and the state of the stream. */
export type SessionEvent =
  | { readonly type: 'opening'; readonly session: number }
  | { readonly type: 'live'; readonly session: number }
  | { readonly type: 'lost'; readonly error: LimpidError; readonly retryInMs: number }
  | { readonly type: 'ended' };

/** Options of {@link openSessions}. */
export interface SessionsOptions {
  readonly source: Source;
  /** Holds back a source that is not live. */
  readonly gate: Gate;
  /** undefined: one session; its end or its error is the stream's. */
  readonly reconnect: ReconnectPolicy | undefined;
  readonly onEvent: (event: SessionEvent) => void;
  /** Takes the sound on the clock of the frames; null for a packet that has no place there. */
  readonly onAudio?: (packet: AudioPacket | null) => void;
  /** Told how long each picture was in its decoder, ms, where the source times it. */
  readonly onDecoded?: (elapsedMs: number) => void;
  readonly scheduler?: SchedulerLike;
  /** Where the jitter comes from: a number in [0, 1). Default: Math.random. */
  readonly random?: () => number;
}

/**
 * Frames of all sessions of a source on one clock. With a reconnect policy it fails only when the request itself is wrong
 * (ERR_SOURCE_URI, ERR_INPUT_FILE), or at the first attempt if the policy says so; every other failure is retried for ever.
 */
export function openSessions({
  source,
  gate,
  reconnect,
  onEvent,
  onAudio,
  onDecoded,
  scheduler = asyncScheduler,
  random = Math.random,
}: SessionsOptions): Observable<Frame> {
  return new Observable((subscriber) => {
    const clock = new StreamClock();
    const running = new Subscription();
    let session = 0;
    let everLive = false;
    const backOff = new BackOff(reconnect, random);

    const open = (): void => {
      onEvent({ type: 'opening', session });
      clock.startSession();
      let live = false;
      let liveSinceMs = Number.POSITIVE_INFINITY;
      let lastPictureMs = Number.NEGATIVE_INFINITY;
      const hear = onAudio && ((packet: AudioPacket) => onAudio(clock.placeAudio(packet)));
      const current = source.session$({ gate, onAudio: hear, onDecoded }).subscribe({
        next: (picture: DecodedFrame) => {
          if (!live) {
            live = true;
            everLive = true;
            liveSinceMs = scheduler.now();
            onEvent({ type: 'live', session });
          }
          lastPictureMs = scheduler.now();
          subscriber.next(clock.place(picture));
        },
        error: (thrown: unknown) => {
          const error =
            thrown instanceof LimpidError
              ? thrown
              : new LimpidError('ERR_SOURCE_LOST', messageOf(thrown), { cause: thrown });
          if (reconnect === undefined || isHopeless(error) || (reconnect.mustOpenFirst && !everLive)) {
            subscriber.error(error);
            return;
          }
          // The silence after its last picture is none of its time.
          again(error, lastPictureMs - liveSinceMs);
        },
        complete: () => {
          onEvent({ type: 'ended' });
          subscriber.complete();
        },
      });
      running.add(current);
    };

    const again = (error: LimpidError, liveMs: number): void => {
      const retryInMs = backOff.next(liveMs);
      onEvent({ type: 'lost', error, retryInMs });
      session += 1;
      running.add(timer(retryInMs, scheduler).subscribe(open));
    };

    open();
    return running;
  });
}

/** The waits between attempts: each longer than the one before it, until a session holds. */
class BackOff {
  readonly #options: ReconnectOptions | undefined;
  readonly #random: () => number;
  #delayMs: number;

  constructor(options: ReconnectOptions | undefined, random: () => number) {
    this.#options = options;
    this.#random = random;
    this.#delayMs = options?.firstDelayMs ?? 0;
  }

  /** @param liveMs how long the session that was lost gave pictures; negative when it gave none. */
  next(liveMs: number): number {
    if (this.#options === undefined) {
      return 0;
    }
    const { firstDelayMs, maxDelayMs, factor, jitter, stableMs } = this.#options;
    if (liveMs >= stableMs) {
      this.#delayMs = firstDelayMs;
    }
    const waitMs = this.#delayMs * (1 - jitter * this.#random());
    this.#delayMs = Math.min(this.#delayMs * factor, maxDelayMs);
    return Math.round(waitMs);
  }
}

/** Would the same request fail the same way for ever? */
function isHopeless(error: LimpidError): boolean {
  return error.code === 'ERR_SOURCE_URI' || error.code === 'ERR_INPUT_FILE';
}
