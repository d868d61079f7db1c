/**
 * Reuses ArrayBuffers of frame size, so that a steady stream allocates nothing per frame.
 */

/** A pool that keeps at most `limit` free buffers, all of one length; a change of length empties it. */
export class BufferPool {
  readonly #limit: number;
  #free: ArrayBuffer[] = [];
  #byteLength = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** A free buffer of exactly `byteLength` bytes, or a new one; its content is arbitrary. */
  take(byteLength: number): ArrayBuffer {
    if (byteLength !== this.#byteLength) {
      this.#free = [];
      this.#byteLength = byteLength;
    }
    return this.#free.pop() ?? new ArrayBuffer(byteLength);
  }

  /** Takes the buffer back; one too many, or of another length, is left to the garbage collector. */
  give(buffer: ArrayBuffer): void {
    if (buffer.byteLength === this.#byteLength && this.#free.length < this.#limit) {
      this.#free.push(buffer);
    }
  }
}
