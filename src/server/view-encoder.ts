/**
 * The pictures of one view compressed, and put together as one message for all its clients.
 */
import { LimpidError } from '../errors/limpid-error.js';
import type { Frame, RestoredFrame } from '../frame/frame.js';
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

/** How long an encoder outlives its last viewer, ms: a page that is loaded anew finds it running. */
const PARKED_MS = 10_000;

/** So many frames in a row whose two pictures are the same, and they are compressed once: not where that comes and goes. */
const SAME_FRAMES = 25;

/** Keeps the encoder of a view that has lost its last viewer for a while. It gets no frames there. */
export class ParkedEncoder {
  #encoder: ViewEncoder | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** The encoder that waits here, if one does; it is the caller's from now on. */
  take(): ViewEncoder | undefined {
    clearTimeout(this.#timer);
    const encoder = this.#encoder;
    this.#encoder = undefined;
    return encoder;
  }

  /** Takes over an idle encoder, to dispose of it if nobody comes for it. */
  park(encoder: ViewEncoder): void {
    this.take()?.dispose();
    this.#encoder = encoder;
    this.#timer = setTimeout(() => this.take()?.dispose(), PARKED_MS).unref();
  }
}

/**
 * The encoders of one view: one for its picture, and for a pair another one for the source, which rests while source and
 * picture are the same (`bypass` ×1, the last step of the overload ladder: the processor is scarce then).
 */
export class ViewEncoder {
  readonly #view: View;
  readonly #first: PictureEncoder;
  readonly #second: PictureEncoder | undefined;
  #sameInARow = 0;

  constructor(view: View, open: OpenPictureEncoder) {
    this.#view = view;
    this.#first = open();
    this.#second = view === 'pair' ? open() : undefined;
  }

  /** One frame; one call at a time. The caller holds the frame's leases until the promise settles. */
  async encode(restored: RestoredFrame, discontinuity: boolean, wantsKey: boolean): Promise<EncodedFrame> {
    const { source } = restored;
    const picture = this.#view === 'source' ? source : restored.frame;
    assertWireSize(picture);
    assertWireSize(source);
    const rested = this.#sameInARow >= SAME_FRAMES;
    this.#sameInARow = this.#second !== undefined && picture.data === source.data ? this.#sameInARow + 1 : 0;
    const rests = this.#sameInARow >= SAME_FRAMES;
    // What the client decodes for the source comes from another encoder then, which refers to other pictures.
    const key = wantsKey || rests !== rested;
    // Both are waited for, whatever becomes of the other: the frame's pixels are in use until then.
    const [first, second] = await Promise.allSettled([
      this.#first.encode(picture, key),
      rests ? undefined : this.#second?.encode(source, key),
    ]);
    const other = rests ? first : second;
    return messageFor(this.#view, restored, settled(first), settled(other), discontinuity);
  }

  /** Ends the encoders. Idempotent. */
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

function assertWireSize(picture: Frame): void {
  if (picture.width > 0xffff || picture.height > 0xffff) {
    throw new LimpidError(
      'ERR_FRAME_SIZE',
      `Expected a picture of at most 65535×65535 for the wire but received ${picture.width}×${picture.height}`,
    );
  }
}
