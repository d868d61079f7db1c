/**
 * Frame messages to bitmaps, one at a time. Nothing queues: a frame that comes while another is being decoded waits
 * alone, and a newer one takes its place.
 */
import type { FrameHeader, FrameMessage } from '../wire/frame-message.js';

/** Both pictures of one frame, ready to draw. Whoever receives it closes the bitmaps. */
export interface DecodedPair {
  readonly header: FrameHeader;
  readonly restored: ImageBitmap;
  readonly source: ImageBitmap | undefined;
}

/** Decodes the newest frame it was offered. */
export class PictureDecoder {
  readonly #onDecoded: (pair: DecodedPair) => void;
  #waiting: FrameMessage | undefined;
  #busy = false;

  constructor(onDecoded: (pair: DecodedPair) => void) {
    this.#onDecoded = onDecoded;
  }

  offer(frame: FrameMessage): void {
    this.#waiting = frame;
    if (!this.#busy) {
      void this.#decodeWaiting();
    }
  }

  /** Forgets the frame that waits. */
  clear(): void {
    this.#waiting = undefined;
  }

  async #decodeWaiting(): Promise<void> {
    this.#busy = true;
    for (let frame = this.#waiting; frame !== undefined; frame = this.#waiting) {
      this.#waiting = undefined;
      try {
        const [restored, source] = await Promise.all([
          decode(frame.payload),
          frame.pair ? decode(frame.sourcePayload) : undefined,
        ]);
        this.#onDecoded({ header: frame, restored, source });
      } catch {
        // A broken picture is left out; its number shows as skipped.
      }
    }
    this.#busy = false;
  }
}

function decode(jpeg: Uint8Array<ArrayBuffer>): Promise<ImageBitmap> {
  return createImageBitmap(new Blob([jpeg], { type: 'image/jpeg' }));
}
