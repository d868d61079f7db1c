/**
 * H.264 frames to pictures with WebCodecs: a decoder for the restored picture and one for the source, whose outputs are
 * joined by the number of their frame.
 *
 * Every access unit needs the one before it, so nothing can be left out but whole stretches up to the next key frame. That
 * happens when the decoder falls behind; the page then asks for a key frame and is back at the present.
 */
import { codecOf } from '../wire/access-unit.js';
import type { FrameMessage } from '../wire/frame-message.js';
import type { FrameDecoder, FrameDecoderEvents } from './drawable.js';
import { PairJoiner, type PairSide } from './pair-joiner.js';

/** Access units waiting in the decoder beyond which it jumps to the next key frame. */
const MAX_QUEUED = 8;
/** Failures without a picture between them after which this browser is taken not to decode what it is sent. */
const MAX_FAILURES = 3;

/** Whether this page may and can decode H.264. WebCodecs exists in secure contexts only: https, or this machine. */
export async function canDecodeH264(): Promise<boolean> {
  if (!('VideoDecoder' in globalThis)) {
    return false;
  }
  const { supported } = await VideoDecoder.isConfigSupported({ codec: 'avc1.42C01F' });
  return supported === true;
}

/** Decodes frames in order. */
export class H264Decoder implements FrameDecoder {
  readonly #events: FrameDecoderEvents;
  readonly #maxQueued: number;
  readonly #restored: TrackDecoder;
  readonly #source: TrackDecoder;
  readonly #joiner: PairJoiner;
  #needsKey = true;
  #failures = 0;

  constructor(events: FrameDecoderEvents, maxQueued = MAX_QUEUED) {
    this.#events = events;
    this.#joiner = new PairJoiner((pair) => {
      this.#failures = 0;
      events.decoded(pair);
    });
    this.#maxQueued = maxQueued;
    const onError = () => this.#onError();
    const join = (side: PairSide) => (picture: VideoFrame) => this.#joiner.take(side, picture.timestamp, picture);
    this.#restored = new TrackDecoder(join('restored'), onError);
    this.#source = new TrackDecoder(join('source'), onError);
  }

  offer(frame: FrameMessage): void {
    if (this.#restored.queued > this.#maxQueued) {
      this.clear();
    }
    if (this.#needsKey && !frame.key) {
      this.#events.keyNeeded();
      return;
    }
    this.#needsKey = false;
    this.#joiner.expect(frame);
    try {
      this.#restored.decode(frame.payload, frame, frame.width, frame.height);
      if (frame.pair) {
        this.#source.decode(frame.sourcePayload, frame, frame.sourceWidth, frame.sourceHeight);
      }
    } catch {
      this.#onError(); // what is no key frame in the eyes of the browser is refused at once
    }
  }

  clear(): void {
    this.#needsKey = true;
    this.#restored.reset();
    this.#source.reset();
    this.#joiner.clear();
  }

  close(): void {
    this.clear();
  }

  /** Makes everything that was offered come out; a key frame must follow. */
  flush(): void {
    this.#restored.flush();
    this.#source.flush();
  }

  #onError(): void {
    this.#failures += 1;
    this.clear();
    if (this.#failures >= MAX_FAILURES) {
      this.#events.failed();
    } else {
      this.#events.keyNeeded();
    }
  }
}

/** One VideoDecoder, configured from each key frame's parameter sets and size. */
class TrackDecoder {
  readonly #onPicture: (picture: VideoFrame) => void;
  readonly #onError: () => void;
  #decoder: VideoDecoder | undefined;
  #config: VideoDecoderConfig | undefined;

  constructor(onPicture: (picture: VideoFrame) => void, onError: () => void) {
    this.#onPicture = onPicture;
    this.#onError = onError;
  }

  get queued(): number {
    return this.#decoder?.decodeQueueSize ?? 0;
  }

  decode(accessUnit: Uint8Array<ArrayBuffer>, { key, seq }: FrameMessage, width: number, height: number): void {
    if (key) {
      this.#configure(codecOf(accessUnit) ?? 'avc1.42C01F', width, height);
    }
    this.#decoder?.decode(new EncodedVideoChunk({ type: key ? 'key' : 'delta', timestamp: seq, data: accessUnit }));
  }

  flush(): void {
    // It rejects when the decoder is closed meanwhile; then nobody waits for pictures any more.
    this.#decoder?.flush().catch(() => {});
  }

  reset(): void {
    const decoder = this.#decoder;
    this.#decoder = undefined;
    this.#config = undefined;
    if (decoder !== undefined && decoder.state !== 'closed') {
      decoder.close();
    }
  }

  /** Asks for what the stream really is, so that a browser that can't decode this level or size says so here. */
  #configure(codec: string, codedWidth: number, codedHeight: number): void {
    const old = this.#config;
    const same = old?.codec === codec && old.codedWidth === codedWidth && old.codedHeight === codedHeight;
    if (this.#decoder?.state === 'configured' && same) {
      return;
    }
    if (this.#decoder === undefined || this.#decoder.state === 'closed') {
      const decoder = new VideoDecoder({
        output: (picture) => (decoder === this.#decoder ? this.#onPicture(picture) : picture.close()),
        error: () => {
          if (decoder === this.#decoder) {
            this.#onError();
          }
        },
      });
      this.#decoder = decoder;
    }
    this.#config = { codec, codedWidth, codedHeight, optimizeForLatency: true };
    this.#decoder.configure(this.#config);
  }
}
