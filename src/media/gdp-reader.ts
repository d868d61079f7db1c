/**
 * Reads RGB pictures from a GDP pipe: chunks in, tight frames out.
 *
 * Chunks end anywhere. Pixels are copied exactly once, from the chunk into the frame's own buffer, rows losing their
 * padding on the way. Nothing grows: a header is 62 bytes, other payloads are limited, a buffer must have exactly the size
 * its caps imply.
 */
import { LimpidError } from '../errors/limpid-error.js';
import { GDP_BUFFER, GDP_CAPS, GDP_HEADER_BYTES, type GdpHeader, readGdpHeader } from './gdp-packet.js';
import { parseRawVideoCaps, type RawVideo } from './raw-video.js';

/** A picture from the pipe. */
export interface GdpPicture {
  readonly width: number;
  readonly height: number;
  /** height × width × 3 bytes, RGB, tight rows; the receiver owns it. */
  readonly data: Uint8Array;
  /** Presentation time, ns; null when the producer gave none. */
  readonly ptsNs: bigint | null;
  /** Duration, ns; null when unknown. */
  readonly durationNs: bigint | null;
  /** Rate in the caps; null when it varies or is unknown. */
  readonly framesPerSecond: number | null;
}

/** Limits of a {@link GdpReader}. */
export interface GdpLimits {
  /** Most bytes of one picture. */
  readonly maxFrameBytes: number;
  /** Most bytes of caps or an event; default 64 KiB. */
  readonly maxEventBytes?: number;
}

const MAX_EVENT_BYTES = 65_536;

/** Streaming parser of one pipe. After an error it is spent. */
export class GdpReader {
  readonly #onPicture: (picture: GdpPicture) => void;
  readonly #maxFrameBytes: number;
  readonly #maxEventBytes: number;
  readonly #headerBytes = Buffer.alloc(GDP_HEADER_BYTES);
  #headerFill = 0;
  #header: GdpHeader | null = null;
  #video: RawVideo | null = null;
  #payload: Buffer = Buffer.alloc(0);
  #payloadFill = 0;

  constructor(limits: GdpLimits, onPicture: (picture: GdpPicture) => void) {
    this.#onPicture = onPicture;
    this.#maxFrameBytes = limits.maxFrameBytes;
    this.#maxEventBytes = limits.maxEventBytes ?? MAX_EVENT_BYTES;
  }

  /** Takes the next chunk; the callback runs before it returns. Throws ERR_GDP; the chunk may be reused afterwards. */
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
      this.#payload = this.#payloadFor(header);
      this.#payloadFill = 0;
      this.#headerFill = 0;
      this.#header = header;
      this.#finishIfFull(header);
    }
    return at + taken;
  }

  /** A buffer for the payload: tight rows for pictures, as it comes for the rest. */
  #payloadFor(header: GdpHeader): Buffer {
    if (header.type !== GDP_BUFFER) {
      if (header.payloadBytes > this.#maxEventBytes) {
        throw new LimpidError(
          'ERR_GDP',
          `Expected at most ${this.#maxEventBytes} bytes of caps or event on the media pipe but received ${header.payloadBytes}`,
        );
      }
      return Buffer.allocUnsafe(header.payloadBytes);
    }
    const video = this.#video;
    if (video === null) {
      throw new LimpidError('ERR_GDP', 'Expected caps before the first picture on the media pipe');
    }
    const expected = video.strideBytes * video.height;
    if (header.payloadBytes !== expected) {
      throw new LimpidError(
        'ERR_GDP',
        `Expected ${expected} bytes for a picture of ${video.width}×${video.height} but received ${header.payloadBytes}`,
      );
    }
    // Not from Node's shared pool: the frame's buffer may be transferred to a worker.
    return Buffer.allocUnsafeSlow(video.rowBytes * video.height);
  }

  #takePayload(chunk: Buffer, at: number, header: GdpHeader): number {
    const taken = Math.min(header.payloadBytes - this.#payloadFill, chunk.length - at);
    const video = this.#video;
    if (header.type === GDP_BUFFER && video !== null && video.strideBytes !== video.rowBytes) {
      copyRows(chunk.subarray(at, at + taken), this.#payload, this.#payloadFill, video);
    } else {
      chunk.copy(this.#payload, this.#payloadFill, at, at + taken);
    }
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
    if (header.type === GDP_CAPS) {
      this.#video = this.#videoOf(payload.toString('utf8').replace(/\0.*$/s, ''));
    } else if (header.type === GDP_BUFFER && this.#video !== null) {
      const { width, height, framesPerSecond } = this.#video;
      const { ptsNs, durationNs } = header;
      const data = new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength);
      this.#onPicture({ width, height, data, ptsNs, durationNs, framesPerSecond });
    }
  }

  #videoOf(caps: string): RawVideo {
    const video = parseRawVideoCaps(caps);
    if (video.strideBytes * video.height > this.#maxFrameBytes) {
      throw new LimpidError(
        'ERR_GDP',
        `Expected pictures of at most ${this.#maxFrameBytes} bytes but received ${video.width}×${video.height}; ` +
          'use a smaller stream or raise maxFrameBytes',
      );
    }
    return video;
  }
}

/** Copies a stretch of padded rows that begins `from` bytes into the padded picture, leaving the padding out. */
function copyRows(stretch: Buffer, tight: Buffer, from: number, video: RawVideo): void {
  let at = 0;
  while (at < stretch.length) {
    const row = Math.floor((from + at) / video.strideBytes);
    const column = from + at - row * video.strideBytes;
    const length = Math.min(video.strideBytes - column, stretch.length - at);
    if (column < video.rowBytes) {
      stretch.copy(tight, row * video.rowBytes + column, at, at + Math.min(length, video.rowBytes - column));
    }
    at += length;
  }
}
