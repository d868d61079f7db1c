/**
 * H.264 in fragmented MP4 to pictures, for pages without WebCodecs: plain http from another machine. A video plays the
 * restored picture and another one the source; what they show is joined by the number of the frame.
 */
import type { FrameMessage } from '../wire/frame-message.js';
import type { FrameDecoder, FrameDecoderEvents } from './drawable.js';
import { MediaTrack } from './media-track.js';
import { codecOfMp4 } from './mp4-boxes.js';
import { PairJoiner, type PairSide } from './pair-joiner.js';

/** Pictures waiting in a video beyond which it jumps to the next key frame. */
const MAX_WAITING = 12;
/** Failures without a picture between them after which this browser is taken not to play what it is sent. */
const MAX_FAILURES = 3;

/** Whether this page can play H.264 by Media Source Extensions, and take its pictures. */
export function canPlayFmp4(): boolean {
  return (
    'MediaSource' in globalThis &&
    'VideoFrame' in globalThis &&
    'requestVideoFrameCallback' in HTMLVideoElement.prototype &&
    MediaSource.isTypeSupported('video/mp4; codecs="avc1.42C01F"')
  );
}

/** Decodes frames in order. */
export class Fmp4Decoder implements FrameDecoder {
  readonly #events: FrameDecoderEvents;
  readonly #maxWaiting: number;
  readonly #joiner: PairJoiner;
  readonly #restored: MediaTrack;
  readonly #source: MediaTrack;
  #needsKey = true;
  #failures = 0;

  constructor(events: FrameDecoderEvents, maxWaiting = MAX_WAITING) {
    this.#events = events;
    this.#maxWaiting = maxWaiting;
    this.#joiner = new PairJoiner((pair) => {
      this.#failures = 0;
      events.decoded(pair);
    });
    this.#restored = this.#track('restored');
    this.#source = this.#track('source');
  }

  offer(frame: FrameMessage): void {
    if (Math.max(this.#restored.waiting, this.#source.waiting) > this.#maxWaiting) {
      this.#startOver();
    }
    if (this.#needsKey && !frame.key) {
      this.#events.keyNeeded();
      return;
    }
    this.#needsKey = false;
    this.#joiner.expect(frame);
    this.#restored.offer(frame.payload, frame.seq, codecOfMp4(frame.payload));
    if (frame.pair) {
      this.#source.offer(frame.sourcePayload, frame.seq, codecOfMp4(frame.sourcePayload));
    }
  }

  clear(): void {
    // The videos stay: they go on with the next key frame.
    this.#needsKey = true;
    this.#joiner.clear();
  }

  flush(): void {
    // Nothing is held back: every picture is due when it comes.
  }

  close(): void {
    this.#startOver();
  }

  #startOver(): void {
    this.clear();
    this.#restored.reset();
    this.#source.reset();
  }

  #track(side: PairSide): MediaTrack {
    return new MediaTrack({
      picture: (seq, picture) => this.#joiner.take(side, seq, picture),
      failed: () => {
        this.#failures += 1;
        this.#startOver();
        if (this.#failures >= MAX_FAILURES) {
          this.#events.failed();
        } else {
          this.#events.keyNeeded();
        }
      },
    });
  }
}
