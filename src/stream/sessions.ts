/**
 * Keeps a source open: opens it again whenever a session ends, waiting longer after each failure.
 */
import { asyncScheduler, Observable, type SchedulerLike, Subscription, timer } from 'rxjs';
import { LimpidError, messageOf } from '../errors/limpid-error.js';
import type { DecodedFrame, Frame } from '../frame/frame.js';
import type { Gate } from '../frame/gate.js';
import type { Source } from '../source/source.js';
import { StreamClock } from './stream-clock.js';

/** How long to wait before the next attempt. */
export interface ReconnectPolicy {
  /** First wait, ms; doubled after every failure. Default 500. */
  readonly firstDelayMs: number;
  /** Longest wait, ms. Default 10 000. */
  readonly maxDelayMs: number;
  /** A source that can't be opened at the very first attempt ends the stream instead. Default false. */
  readonly mustOpenFirst: boolean;
}

export const defaultReconnect: ReconnectPolicy = { firstDelayMs: 500, maxDelayMs: 10_000, mustOpenFirst: false };

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
  readonly scheduler?: SchedulerLike;
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
  scheduler = asyncScheduler,
}: SessionsOptions): Observable<Frame> {
  return new Observable((subscriber) => {
    const clock = new StreamClock();
    const running = new Subscription();
    let session = 0;
    let everLive = false;
    let delayMs = reconnect?.firstDelayMs ?? 0;

    const open = (): void => {
      onEvent({ type: 'opening', session });
      clock.startSession();
      let live = false;
      const current = source.session$(gate).subscribe({
        next: (picture: DecodedFrame) => {
          if (!live) {
            live = true;
            everLive = true;
            delayMs = reconnect?.firstDelayMs ?? 0;
            onEvent({ type: 'live', session });
          }
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
          again(error);
        },
        complete: () => {
          onEvent({ type: 'ended' });
          subscriber.complete();
        },
      });
      running.add(current);
    };

    const again = (error: LimpidError): void => {
      const retryInMs = delayMs;
      onEvent({ type: 'lost', error, retryInMs });
      delayMs = Math.min(delayMs * 2, reconnect?.maxDelayMs ?? delayMs);
      session += 1;
      running.add(timer(retryInMs, scheduler).subscribe(open));
    };

    open();
    return running;
  });
}

/** Would the same request fail the same way for ever? */
function isHopeless(error: LimpidError): boolean {
  return error.code === 'ERR_SOURCE_URI' || error.code === 'ERR_INPUT_FILE';
}
