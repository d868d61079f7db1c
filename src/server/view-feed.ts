/**
 * The encoded frames of one view of one stream: compressed once for everybody, and only while somebody watches.
 *
 *     restored$ ─▶ [ newest frame waits ] ─▶ encode, one at a time ─▶ one message for every client
 *
 * A frame that comes while another is being encoded takes the waiting place and pushes out the one that had it. Frames are
 * left out before the encoder, so what it gives has no gaps, whatever the codec.
 */
import { Observable, share } from 'rxjs';
import { LimpidError, messageOf } from '../errors/limpid-error.js';
import type { Frame, RestoredFrame } from '../frame/frame.js';
import type { LiveStream } from '../frame/live-stream.js';
import type { Log } from '../log/log.js';
import { encodeFrameHeader, FRAME_HEADER_BYTES, type FrameHeader } from '../wire/frame-message.js';
import type { View } from '../wire/view.js';
import type { EncodedPicture, OpenPictureEncoder, PictureEncoder } from './picture-encoder.js';

/** A frame ready to be sent. */
export interface EncodedFrame {
  readonly header: FrameHeader;
  /** Header and payloads in one piece, shared by all clients: never written to. */
  readonly message: Buffer;
  /** The first payload, a view into `message`. */
  readonly payload: Buffer;
}

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
  return {
    frames$: encodedFrames(options, key).pipe(share()),
    wantKey() {
      key.wanted = true;
    },
  };
}

function encodedFrames(
  { stream, view, openEncoder, log }: ViewFeedOptions,
  key: { wanted: boolean },
): Observable<EncodedFrame> {
  return new Observable((subscriber) => {
    const encoder = new ViewEncoder(view, openEncoder);
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
      encoder.dispose();
    };
  });
}

/** The encoders of one view: one for its picture, and for a pair another one for the source. */
class ViewEncoder {
  readonly #view: View;
  readonly #first: PictureEncoder;
  readonly #second: PictureEncoder | undefined;

  constructor(view: View, open: OpenPictureEncoder) {
    this.#view = view;
    this.#first = open();
    this.#second = view === 'pair' ? open() : undefined;
  }

  async encode(restored: RestoredFrame, discontinuity: boolean, wantsKey: boolean): Promise<EncodedFrame> {
    const { source } = restored;
    const picture = this.#view === 'source' ? source : restored.frame;
    assertWireSize(picture);
    assertWireSize(source);
    // Both are waited for, whatever becomes of the other: the frame's pixels are in use until then.
    const [first, second] = await Promise.allSettled([
      this.#first.encode(picture, wantsKey),
      this.#second?.encode(source, wantsKey),
    ]);
    return messageFor(this.#view, restored, settled(first), settled(second), discontinuity);
  }

  dispose(): void {
    this.#first.dispose();
    this.#second?.dispose();
  }
}

function settled<T>(result: PromiseSettledResult<T>): T {
  if (result.status === 'rejected') {
    throw result.reason;
  }
  return result.value;
}

function messageFor(
  view: View,
  { frame, source, fallback, repeated }: RestoredFrame,
  picture: EncodedPicture,
  sourcePicture: EncodedPicture | undefined,
  discontinuity: boolean,
): EncodedFrame {
  const { seq, session, ptsNs, captureTimeMs } = view === 'source' ? source : frame;
  const sentTimeMs = Date.now();
  const header: FrameHeader = {
    key: picture.key && sourcePicture?.key !== false,
    restored: view !== 'source' && fallback === undefined && repeated === undefined,
    discontinuity,
    pair: view === 'pair',
    seq,
    session,
    ptsNs,
    captureTimeMs,
    sentTimeMs,
    width: picture.width,
    height: picture.height,
    sourceWidth: source.width,
    sourceHeight: source.height,
    latencyMs: Math.max(0, sentTimeMs - captureTimeMs),
  };
  const { bytes } = picture;
  const second = sourcePicture?.bytes ?? Buffer.alloc(0);
  const message = Buffer.concat([encodeFrameHeader(header, bytes.byteLength, second.byteLength), bytes, second]);
  return { header, message, payload: message.subarray(FRAME_HEADER_BYTES, FRAME_HEADER_BYTES + bytes.byteLength) };
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
