/**
 * H.264 frames to pictures with WebCodecs: a decoder for the restored picture and one for the source, whose outputs are
 * joined by the number of their frame.
 *
 * Every access unit needs the one before it, so nothing can be left out but whole stretches up to the next key frame. That
 * happens when the decoder falls behind; the page then asks for a key frame and is back at the present.
 */
import { codecOf } from '../wire/access-unit.js';
import type { FrameMessage } from '../wire/frame-message.js';
import type { DecodedPair, FrameDecoder } from './drawable.js';

/** What the decoder tells. */
export interface H264DecoderEvents {
  decoded(pair: DecodedPair): void;
  /** Nothing can be decoded before a key frame. */
  keyNeeded(): void;
}

/** Access units waiting in the decoder beyond which it jumps to the next key frame. */
const MAX_QUEUED = 8;

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
  readonly #events: H264DecoderEvents;
  readonly #maxQueued: number;
  readonly #restored: TrackDecoder;
  readonly #source: TrackDecoder;
  readonly #frames = new Map<number, FrameMessage>();
  readonly #pictures = new Map<number, { restored?: VideoFrame; source?: VideoFrame }>();
  #needsKey = true;

  constructor(events: H264DecoderEvents, maxQueued = MAX_QUEUED) {
    this.#events = events;
    this.#maxQueued = maxQueued;
    const onError = () => this.clear();
    this.#restored = new TrackDecoder((picture) => this.#join('restored', picture), onError);
    this.#source = new TrackDecoder((picture) => this.#join('source', picture), onError);
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
    this.#frames.set(frame.seq, frame);
    this.#restored.decode(frame.payload, frame);
    if (frame.pair) {
      this.#source.decode(frame.sourcePayload, frame);
    }
  }

  clear(): void {
    this.#needsKey = true;
    this.#restored.reset();
    this.#source.reset();
    for (const { restored, source } of this.#pictures.values()) {
      restored?.close();
      source?.close();
    }
    this.#pictures.clear();
    this.#frames.clear();
  }

  close(): void {
    this.clear();
  }

  /** Makes everything that was offered come out; a key frame must follow. */
  flush(): void {
    this.#restored.flush();
    this.#source.flush();
  }

  #join(track: 'restored' | 'source', picture: VideoFrame): void {
    const seq = picture.timestamp;
    const header = this.#frames.get(seq);
    if (header === undefined) {
      picture.close();
      return;
    }
    const pictures = { ...this.#pictures.get(seq), [track]: picture };
    const { restored, source } = pictures;
    if (restored === undefined || (header.pair && source === undefined)) {
      this.#pictures.set(seq, pictures);
      return;
    }
    this.#pictures.delete(seq);
    this.#frames.delete(seq);
    this.#events.decoded({ header, restored, source });
  }
}

/** One VideoDecoder, configured from each key frame's parameter sets. */
class TrackDecoder {
  readonly #onPicture: (picture: VideoFrame) => void;
  readonly #onError: () => void;
  #decoder: VideoDecoder | undefined;
  #codec: string | undefined;

  constructor(onPicture: (picture: VideoFrame) => void, onError: () => void) {
    this.#onPicture = onPicture;
    this.#onError = onError;
  }

  get queued(): number {
    return this.#decoder?.decodeQueueSize ?? 0;
  }

  decode(accessUnit: Uint8Array<ArrayBuffer>, { key, seq }: FrameMessage): void {
    if (key) {
      this.#configure(codecOf(accessUnit) ?? 'avc1.42C01F');
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
    this.#codec = undefined;
    if (decoder !== undefined && decoder.state !== 'closed') {
      decoder.close();
    }
  }

  #configure(codec: string): void {
    if (this.#decoder?.state === 'configured' && this.#codec === codec) {
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
    this.#codec = codec;
    this.#decoder.configure({ codec, optimizeForLatency: true });
  }
}
