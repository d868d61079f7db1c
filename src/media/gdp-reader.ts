/**
 * Reads RGB pictures from a GDP pipe: chunks in, tight frames out.
 *
 * Chunks end anywhere. Pixels are copied exactly once, from the chunk into the frame's own buffer, rows losing their
 * padding on the way. Nothing grows: a header is 62 bytes, other payloads are limited, a buffer must have exactly the size
 * its caps imply.
 */
import { LimpidError } from '../errors/limpid-error.js';
import type { PixelAspect } from '../frame/frame.js';
import { GDP_BUFFER, GDP_CAPS, GDP_EOS, GDP_SEGMENT, GDP_TAG, type GdpHeader } from './gdp-packet.js';
import { eventPayload, eventText, type GdpHandler, GdpParser } from './gdp-parser.js';
import { SegmentClock, type Timeline } from './gdp-timeline.js';
import { type HighDynamicRange, parseRawVideoCaps, type RawVideo } from './raw-video.js';

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
  /** Width of a pixel over its height, as a fraction; absent when pixels are square. */
  readonly pixelAspect?: PixelAspect;
  /** Set when the decoder gave light of a high dynamic range, which is not mapped. */
  readonly highDynamicRange?: HighDynamicRange;
  /** What the demuxer or parser calls the codec, "H.265 (Main 10 Profile)"; empty when it says nothing. */
  readonly codec: string;
}

/** Limits of a {@link GdpReader}. */
export interface GdpLimits {
  /** Most bytes of one picture. */
  readonly maxFrameBytes: number;
  /** Most bytes of caps or an event; default 64 KiB. */
  readonly maxEventBytes?: number;
  /** What times are counted from; default 'stamps'. */
  readonly timeline?: Timeline;
}

/** Streaming parser of one pipe. After an error it is spent. */
export class GdpReader {
  readonly #parser: GdpParser;
  readonly #pictures: PictureHandler;

  /** @param onEnd called after the last picture, where the producer says that it was the last. */
  constructor(limits: GdpLimits, onPicture: (picture: GdpPicture) => void, onEnd: () => void = () => undefined) {
    this.#pictures = new PictureHandler(limits, onPicture, onEnd);
    this.#parser = new GdpParser(this.#pictures);
  }

  /**
   * Takes the next chunk; the callback runs before it returns. Throws ERR_GDP; the chunk may be reused afterwards.
   *
   * @returns whether some of it was of a picture: a source may say for ever that there is none
   */
  push(chunk: Buffer): boolean {
    const { pixelBytes } = this.#pictures;
    this.#parser.push(chunk);
    return this.#pictures.pixelBytes > pixelBytes;
  }

  /** Tells that the pipe has ended. Throws ERR_GDP when that was inside a packet. */
  end(): void {
    this.#parser.end();
  }
}

class PictureHandler implements GdpHandler {
  /** Of all pictures so far. */
  pixelBytes = 0;
  readonly #onPicture: (picture: GdpPicture) => void;
  readonly #onEnd: () => void;
  readonly #maxFrameBytes: number;
  readonly #maxEventBytes: number | undefined;
  readonly #clock: SegmentClock;
  #video: RawVideo | null = null;
  #codec = '';

  constructor(limits: GdpLimits, onPicture: (picture: GdpPicture) => void, onEnd: () => void) {
    this.#onPicture = onPicture;
    this.#onEnd = onEnd;
    this.#maxFrameBytes = limits.maxFrameBytes;
    this.#maxEventBytes = limits.maxEventBytes;
    this.#clock = new SegmentClock(limits.timeline ?? 'stamps');
  }

  /** A buffer for the payload: tight rows for pictures, as it comes for the rest. */
  payloadFor(header: GdpHeader): Buffer {
    if (header.type !== GDP_BUFFER) {
      return eventPayload(header, this.#maxEventBytes);
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

  fill(header: GdpHeader, payload: Buffer, from: number, stretch: Buffer): void {
    const video = this.#video;
    this.pixelBytes += header.type === GDP_BUFFER ? stretch.length : 0;
    if (header.type === GDP_BUFFER && video !== null && video.strideBytes !== video.rowBytes) {
      copyRows(stretch, payload, from, video);
    } else {
      stretch.copy(payload, from);
    }
  }

  finished(header: GdpHeader, payload: Buffer): void {
    if (header.type === GDP_CAPS) {
      this.#video = this.#videoOf(eventText(payload));
    } else if (header.type === GDP_SEGMENT) {
      this.#clock.announce(eventText(payload));
    } else if (header.type === GDP_TAG) {
      this.#codec = codecOf(eventText(payload)) ?? this.#codec;
    } else if (header.type === GDP_EOS) {
      this.#onEnd();
    } else if (header.type === GDP_BUFFER && this.#video !== null) {
      const { width, height, framesPerSecond, pixelAspect, highDynamicRange } = this.#video;
      const { durationNs } = header;
      const ptsNs = header.ptsNs === null ? null : this.#clock.timeOf(header.ptsNs);
      const data = new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength);
      const aspect = pixelAspect === undefined ? {} : { pixelAspect };
      const range = highDynamicRange === undefined ? {} : { highDynamicRange };
      const picture = { width, height, data, ptsNs, durationNs, framesPerSecond, codec: this.#codec };
      this.#onPicture({ ...picture, ...aspect, ...range });
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

/** The codec of a tag event, in which every quote, space and comma is escaped several times over. */
function codecOf(event: string): string | undefined {
  const plain = event.replaceAll('\\', '');
  const match = /\bvideo-codec=\(string\)(?:"([^"]*)"|([^",;]*))/.exec(plain);
  return match?.[1] ?? match?.[2];
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
