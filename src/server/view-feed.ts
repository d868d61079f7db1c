/**
 * The encoded frames of one view of one stream: compressed once for everybody, and only while somebody watches.
 *
 *     restored$ ─▶ [ newest frame waits ] ─▶ encode, one at a time ─▶ one message for every client
 *
 * A frame that comes while another is being encoded takes the waiting place and pushes out the one that had it.
 */
import { Observable, share } from 'rxjs';
import { LimpidError, messageOf } from '../errors/limpid-error.js';
import type { Frame, RestoredFrame } from '../frame/frame.js';
import type { LiveStream } from '../frame/live-stream.js';
import type { Log } from '../log/log.js';
import { encodeFrameHeader, FRAME_HEADER_BYTES, type FrameHeader } from '../wire/frame-message.js';
import type { View } from '../wire/view.js';
import type { JpegEncoder } from './jpeg-encoder.js';

/** A frame ready to be sent. */
export interface EncodedFrame {
  readonly header: FrameHeader;
  /** Header and payloads in one piece, shared by all clients: never written to. */
  readonly message: Buffer;
  /** The first payload, a view into `message`. */
  readonly payload: Buffer;
}

/** What a feed needs. */
export interface ViewFeedOptions {
  readonly stream: LiveStream;
  readonly view: View;
  readonly encode: JpegEncoder;
  readonly log: Log;
}

/** Opens the feed of a view: hot while it has subscribers, asleep without. */
export function createViewFeed(options: ViewFeedOptions): Observable<EncodedFrame> {
  return encodedFrames(options).pipe(share());
}

function encodedFrames({ stream, view, encode, log }: ViewFeedOptions): Observable<EncodedFrame> {
  return new Observable((subscriber) => {
    let waiting: RestoredFrame | undefined;
    let encoding = false;
    // A jump in time is told with the next frame that is shown, even when the frame that made it was not.
    let discontinuity = false;
    let lastWarningMs = Number.NEGATIVE_INFINITY;

    const encodeNext = async (restored: RestoredFrame): Promise<void> => {
      encoding = true;
      try {
        const jumped = discontinuity;
        discontinuity = false;
        const encoded = await encodeView(restored, view, jumped, encode);
        if (!subscriber.closed) {
          subscriber.next(encoded);
        }
      } catch (error) {
        if (performance.now() - lastWarningMs > 1000) {
          lastWarningMs = performance.now();
          log.warn(`frame ${restored.frame.seq} of the ${view} view could not be encoded: ${messageOf(error)}`);
        }
      } finally {
        release(restored);
        encoding = false;
        const next = waiting;
        waiting = undefined;
        if (next !== undefined) {
          void encodeNext(next);
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
    };
  });
}

async function encodeView(
  restored: RestoredFrame,
  view: View,
  discontinuity: boolean,
  encode: JpegEncoder,
): Promise<EncodedFrame> {
  const { source } = restored;
  const picture = view === 'source' ? source : restored.frame;
  assertWireSize(picture);
  assertWireSize(source);
  const [payload, second] = await Promise.all([
    encode(picture),
    view === 'pair' ? encode(source) : Promise.resolve(Buffer.alloc(0)),
  ]);
  const sentTimeMs = Date.now();
  const header: FrameHeader = {
    key: true,
    restored: view !== 'source',
    discontinuity,
    pair: view === 'pair',
    seq: picture.seq,
    session: picture.session,
    ptsNs: picture.ptsNs,
    captureTimeMs: picture.captureTimeMs,
    sentTimeMs,
    width: picture.width,
    height: picture.height,
    sourceWidth: source.width,
    sourceHeight: source.height,
    latencyMs: Math.max(0, sentTimeMs - picture.captureTimeMs),
  };
  const message = Buffer.concat([encodeFrameHeader(header, payload.byteLength, second.byteLength), payload, second]);
  const end = FRAME_HEADER_BYTES + payload.byteLength;
  return { header, message, payload: message.subarray(FRAME_HEADER_BYTES, end) };
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

function assertWireSize(picture: Frame): void {
  if (picture.width > 0xffff || picture.height > 0xffff) {
    throw new LimpidError(
      'ERR_FRAME_SIZE',
      `Expected a picture of at most 65535×65535 for the wire but received ${picture.width}×${picture.height}`,
    );
  }
}
