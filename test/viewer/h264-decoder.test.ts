import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { H264Decoder } from '../../src/viewer/h264-decoder.js';
import { decodeFrameMessage, encodeFrameHeader, type FrameMessage } from '../../src/wire/frame-message.js';

/** A sequence parameter set of constrained baseline, level 5.1, and the start of an IDR slice. */
const KEY_UNIT = Uint8Array.of(0, 0, 1, 0x67, 0x42, 0xc0, 0x33, 0, 0, 1, 0x65, 0);

/** A VideoDecoder whose outcomes the test tells. */
class FakeVideoDecoder {
  static opened: FakeVideoDecoder[] = [];
  state: CodecState = 'unconfigured';
  decodeQueueSize = 0;
  readonly configs: VideoDecoderConfig[] = [];
  readonly #init: VideoDecoderInit;

  constructor(init: VideoDecoderInit) {
    this.#init = init;
    FakeVideoDecoder.opened.push(this);
  }

  configure(config: VideoDecoderConfig): void {
    this.state = 'configured';
    this.configs.push(config);
  }

  decode(): void {}

  close(): void {
    this.state = 'closed';
  }

  fail(): void {
    this.close();
    this.#init.error(new DOMException('Decoding error.', 'EncodingError'));
  }

  show(timestamp: number): void {
    this.#init.output({ timestamp, close: () => {} } as VideoFrame);
  }
}

function frame(seq: number, key = true): FrameMessage {
  const header = encodeFrameHeader(
    {
      key,
      restored: true,
      discontinuity: false,
      pair: false,
      seq,
      session: 1,
      ptsNs: 0n,
      captureTimeMs: 0,
      sentTimeMs: 0,
      width: 3840,
      height: 2160,
      sourceWidth: 960,
      sourceHeight: 540,
      latencyMs: 0,
    },
    KEY_UNIT.byteLength,
  );
  return decodeFrameMessage(Uint8Array.of(...header, ...KEY_UNIT));
}

describe('H264Decoder', () => {
  const told: string[] = [];
  const newest = () => FakeVideoDecoder.opened.at(-1);

  beforeEach(() => {
    vi.stubGlobal('VideoDecoder', FakeVideoDecoder);
    vi.stubGlobal('EncodedVideoChunk', class {});
  });
  afterEach(() => {
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
    FakeVideoDecoder.opened = [];
    told.length = 0;
  });

  function open(): H264Decoder {
    return new H264Decoder({
      decoded: ({ header }) => told.push(`picture ${header.seq}`),
      keyNeeded: () => told.push('key needed'),
      failed: () => told.push('failed'),
    });
  }

  it('gives up after three errors without a picture in between', () => {
    const decoder = open();
    for (const seq of [1, 2]) {
      decoder.offer(frame(seq));
      newest()?.fail();
    }
    decoder.offer(frame(3));
    newest()?.show(3);
    for (const seq of [4, 5, 6]) {
      decoder.offer(frame(seq));
      newest()?.fail();
    }
    expect(told).toEqual(['key needed', 'key needed', 'picture 3', 'key needed', 'key needed', 'failed']);
  });

  it('counts what is refused at once', () => {
    const decoder = open();
    vi.spyOn(FakeVideoDecoder.prototype, 'decode').mockImplementation(() => {
      throw new DOMException('A key frame is required', 'DataError');
    });
    for (const seq of [1, 2, 3]) {
      decoder.offer(frame(seq));
    }
    expect(told).toEqual(['key needed', 'key needed', 'failed']);
  });

  it('asks for the level and the size that the stream has', () => {
    open().offer(frame(1));
    expect(newest()?.configs).toEqual([
      { codec: 'avc1.42C033', codedWidth: 3840, codedHeight: 2160, optimizeForLatency: true },
    ]);
  });
});
