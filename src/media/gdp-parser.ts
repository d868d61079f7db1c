/**
 * The framing of a GDP pipe: chunks that end anywhere in, whole packets out. What a packet is worth, its handler decides.
 */
import { LimpidError } from '../errors/limpid-error.js';
import { GDP_HEADER_BYTES, type GdpHeader, readGdpHeader } from './gdp-packet.js';

/** What is done with packets. */
export interface GdpHandler {
  /** A buffer for the payload that is announced. Throws ERR_GDP for a packet that is too large or out of place. */
  payloadFor(header: GdpHeader): Buffer;
  /** Copies a stretch of the payload, which begins `from` bytes into it; the chunk it lies in is reused afterwards. */
  fill(header: GdpHeader, payload: Buffer, from: number, stretch: Buffer): void;
  /** The payload is complete and the handler's own. */
  finished(header: GdpHeader, payload: Buffer): void;
}

/** Most bytes of caps or an event. */
const MAX_EVENT_BYTES = 65_536;

/** A buffer for caps or an event. Throws ERR_GDP when it is larger than caps and events are. */
export function eventPayload({ payloadBytes }: GdpHeader, maxEventBytes = MAX_EVENT_BYTES): Buffer {
  if (payloadBytes > maxEventBytes) {
    throw new LimpidError(
      'ERR_GDP',
      `Expected at most ${maxEventBytes} bytes of caps or event on the media pipe but received ${payloadBytes}`,
    );
  }
  return Buffer.allocUnsafe(payloadBytes);
}

/** The text of caps or an event, without the zero that ends it. */
export function eventText(payload: Buffer): string {
  return payload.toString('utf8').replace(/\0.*$/s, '');
}

/** Streaming parser of one pipe. After an error it is spent. */
export class GdpParser {
  readonly #handler: GdpHandler;
  readonly #headerBytes = Buffer.alloc(GDP_HEADER_BYTES);
  #headerFill = 0;
  #header: GdpHeader | null = null;
  #payload: Buffer = Buffer.alloc(0);
  #payloadFill = 0;

  constructor(handler: GdpHandler) {
    this.#handler = handler;
  }

  /** Takes the next chunk; the handler runs before it returns. Throws ERR_GDP; the chunk may be reused afterwards. */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      at = this.#header === null ? this.#takeHeader(chunk, at) : this.#takePayload(chunk, at, this.#header);
    }
  }

  /** Tells that the pipe has ended. Throws ERR_GDP when that was inside a packet. */
  end(): void {
    if (this.#header !== null || this.#headerFill > 0) {
      throw new LimpidError('ERR_GDP', 'The media pipe ended in the middle of a packet');
    }
  }

  #takeHeader(chunk: Buffer, at: number): number {
    const taken = Math.min(GDP_HEADER_BYTES - this.#headerFill, chunk.length - at);
    chunk.copy(this.#headerBytes, this.#headerFill, at, at + taken);
    this.#headerFill += taken;
    if (this.#headerFill === GDP_HEADER_BYTES) {
      const header = readGdpHeader(this.#headerBytes);
      this.#payload = this.#handler.payloadFor(header);
      this.#payloadFill = 0;
      this.#headerFill = 0;
      this.#header = header;
      this.#finishIfFull(header);
    }
    return at + taken;
  }

  #takePayload(chunk: Buffer, at: number, header: GdpHeader): number {
    const taken = Math.min(header.payloadBytes - this.#payloadFill, chunk.length - at);
    this.#handler.fill(header, this.#payload, this.#payloadFill, chunk.subarray(at, at + taken));
    this.#payloadFill += taken;
    this.#finishIfFull(header);
    return at + taken;
  }

  #finishIfFull(header: GdpHeader): void {
    if (this.#payloadFill < header.payloadBytes) {
      return;
    }
    const payload = this.#payload;
    this.#header = null;
    this.#payload = Buffer.alloc(0);
    this.#handler.finished(header, payload);
  }
}
