/**
 * The encoded frames of one view of one stream: compressed once for everybody, and only while somebody watches.
 *
 *     restored$ ─▶ [ newest frame waits ] ─▶ encode, one at a time ─▶ one message for every client
 *
 * A frame that comes while another is being encoded takes the waiting place and pushes out the one that had it. Frames are
 * left out before the encoder, so what it gives has no gaps, whatever the codec.
 */
import { Observable, share } from 'rxjs';
import { messageOf } from '../errors/limpid-error.js';
import type { RestoredFrame } from '../frame/frame.js';
import type { LiveStream } from '../frame/live-stream.js';
import type { Log } from '../log/log.js';
import type { View } from '../wire/view.js';
import type { OpenPictureEncoder } from './picture-encoder.js';
import { type EncodedFrame, ParkedEncoder, ViewEncoder } from './view-encoder.js';

/** The frames of a view in one codec. */
export interface ViewFeed {
  /** Hot while it has subscribers, asleep without. Fails when the encoder fails again and again. */
  readonly frames$: Observable<EncodedFrame>;
  /** Somebody can't decode before the next key frame: it comes soon. */
  wantKey(): void;
}

/** What a feed needs. */
export interface ViewFeedOptions {
  readonly stream: LiveStream;
  readonly view: View;
  readonly openEncoder: OpenPictureEncoder;
  readonly log: Log;
}

/** Key frames are large: those asked for are this far apart, ms, however many clients ask. */
const KEY_INTERVAL_MS = 500;
/** Frames in a row that could not be encoded, after which a feed gives up. */
const MAX_FAILURES = 3;

/** Opens the feed of a view. */
export function createViewFeed(options: ViewFeedOptions): ViewFeed {
  const key = { wanted: false };
  const parked = new ParkedEncoder();
  return {
    frames$: encodedFrames(options, key, parked).pipe(share()),
    wantKey() {
      key.wanted = true;
    },
  };
}

function encodedFrames(
  { stream, view, openEncoder, log }: ViewFeedOptions,
  key: { wanted: boolean },
  parked: ParkedEncoder,
): Observable<EncodedFrame> {
  return new Observable((subscriber) => {
    const encoder = parked.take() ?? new ViewEncoder(view, openEncoder);
    let waiting: RestoredFrame | undefined;
    let encoding = false;
    // A jump in time is told with the next frame that is shown, even when the frame that made it was not.
    let discontinuity = false;
    let lastWarningMs = Number.NEGATIVE_INFINITY;
    let lastKeyMs = Number.NEGATIVE_INFINITY;
    let failures = 0;

    const encodeNext = async (restored: RestoredFrame): Promise<void> => {
      encoding = true;
      try {
        const jumped = discontinuity;
        discontinuity = false;
        const wantsKey = key.wanted && performance.now() - lastKeyMs > KEY_INTERVAL_MS;
        const startMs = performance.now();
        const encoded = await encoder.encode(restored, jumped, wantsKey);
        stream.noteStage?.('encode', performance.now() - startMs);
        failures = 0;
        if (encoded.header.key) {
          lastKeyMs = performance.now();
          key.wanted = false;
        }
        if (!subscriber.closed) {
          subscriber.next(encoded);
        }
      } catch (error) {
        failures += 1;
        if (!subscriber.closed && performance.now() - lastWarningMs > 1000) {
          lastWarningMs = performance.now();
          log.warn(`frame ${restored.frame.seq} of the ${view} view could not be encoded: ${messageOf(error)}`);
        }
        if (failures >= MAX_FAILURES) {
          subscriber.error(error);
        }
      } finally {
        release(restored);
        encoding = false;
        const next = waiting;
        waiting = undefined;
        if (next !== undefined) {
          void encodeNext(next);
        } else if (subscriber.closed) {
          parked.park(encoder);
        }
      }
    };

    const subscription = stream.restored$.subscribe({
      next: (restored) => {
        retain(restored);
        discontinuity ||= restored.frame.discontinuity;
        if (!encoding) {
          void encodeNext(restored);
          return;
        }
        if (waiting !== undefined) {
          release(waiting);
        }
        waiting = restored;
      },
      error: (error: unknown) => subscriber.error(error),
      complete: () => subscriber.complete(),
    });
    return () => {
      subscription.unsubscribe();
      if (waiting !== undefined) {
        release(waiting);
        waiting = undefined;
      }
      if (!encoding) {
        parked.park(encoder);
      }
    };
  });
}

/** Keeps both pictures of a frame beyond the current call. */
export function retain(restored: RestoredFrame): void {
  restored.frame.lease?.retain();
  restored.source.lease?.retain();
}

/** Gives back what {@link retain} took. */
export function release(restored: RestoredFrame): void {
  restored.frame.lease?.release();
  restored.source.lease?.release();
}
