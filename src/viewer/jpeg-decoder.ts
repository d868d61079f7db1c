/**
 * JPEG frames to pictures, one at a time. Nothing queues: a frame that comes while another is being decoded waits alone,
 * and a newer one takes its place.
 */
import type { FrameMessage } from '../wire/frame-message.js';
import type { DecodedPair, FrameDecoder } from './drawable.js';

/** Decodes the newest frame it was offered. */
export class JpegDecoder implements FrameDecoder {
  readonly #onDecoded: (pair: DecodedPair) => void;
  #waiting: FrameMessage | undefined;
  #busy = false;
  #closed = false;

  constructor(onDecoded: (pair: DecodedPair) => void) {
    this.#onDecoded = onDecoded;
  }

  offer(frame: FrameMessage): void {
    this.#waiting = frame;
    if (!this.#busy) {
      void this.#decodeWaiting();
    }
  }

  clear(): void {
    this.#waiting = undefined;
  }

  flush(): void {
    // Nothing is held back.
  }

  close(): void {
    this.#closed = true;
    this.clear();
  }

  async #decodeWaiting(): Promise<void> {
    this.#busy = true;
    for (let frame = this.#waiting; frame !== undefined; frame = this.#waiting) {
      this.#waiting = undefined;
      try {
        const pair = await decodeJpegPair(frame);
        if (this.#closed) {
          pair.restored.close();
          pair.source?.close();
          return;
        }
        this.#onDecoded(pair);
      } catch {
        // A broken picture is left out; its number shows as skipped.
      }
    }
    this.#busy = false;
  }
}

/** Decodes one frame. Rejects when a picture is broken. */
export async function decodeJpegPair(frame: FrameMessage): Promise<DecodedPair> {
  const [restored, source] = await Promise.all([
    decode(frame.payload),
    frame.pair ? decode(frame.sourcePayload) : undefined,
  ]);
  return { header: frame, restored, source };
}

function decode(jpeg: Uint8Array<ArrayBuffer>): Promise<ImageBitmap> {
  return createImageBitmap(new Blob([jpeg], { type: 'image/jpeg' }));
}
