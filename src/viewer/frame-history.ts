/**
 * The last seconds of a stream as they came, still compressed, so that a paused page can step through them.
 */

import type { FrameMessage } from '../wire/frame-message.js';
import type { Codec } from '../wire/view.js';
import { openDecoder } from './codec-choice.js';
import { closePair, type DecodedPair } from './drawable.js';
import { decodeJpegPair } from './jpeg-decoder.js';

/** How far back a page can step: ten seconds, or as many as fit into 64 MiB. */
export const HISTORY_LIMITS = { spanMs: 10_000, bytes: 64 * 1024 * 1024 };

/** How long a step may take, ms. */
const DECODE_TIMEOUT_MS = 5_000;

/** Frames in order, bounded by time and bytes. */
export class FrameHistory {
  readonly #limits: typeof HISTORY_LIMITS;
  #frames: FrameMessage[] = [];
  #bytes = 0;

  constructor(limits = HISTORY_LIMITS) {
    this.#limits = limits;
  }

  get frames(): readonly FrameMessage[] {
    return this.#frames;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Keeps a frame; the oldest ones leave. */
  push(frame: FrameMessage): void {
    this.#frames.push(frame);
    this.#bytes += bytesOf(frame);
    const oldestMs = frame.captureTimeMs - this.#limits.spanMs;
    let leaving = 0;
    for (const old of this.#frames) {
      if (old.captureTimeMs >= oldestMs && this.#bytes <= this.#limits.bytes) {
        break;
      }
      this.#bytes -= bytesOf(old);
      leaving += 1;
    }
    this.#frames.splice(0, leaving);
  }

  clear(): void {
    this.#frames = [];
    this.#bytes = 0;
  }
}

function bytesOf({ payload, sourcePayload }: FrameMessage): number {
  return payload.byteLength + sourcePayload.byteLength;
}

/** The first frame of a list that can be shown: before it there is no key frame. −1 where none can. */
export function firstShowable(frames: readonly FrameMessage[]): number {
  return frames.findIndex(({ key }) => key);
}

/** Decodes one frame of a list, from the key frame before it on. Rejects when that fails. */
export function decodeAt(frames: readonly FrameMessage[], index: number, codec: Codec): Promise<DecodedPair> {
  const target = frames[index];
  if (target === undefined) {
    return Promise.reject(new RangeError(`Expected a frame of 0 to ${frames.length - 1} but received ${index}`));
  }
  return codec === 'jpeg' ? decodeJpegPair(target) : decodeFromKey(frames, index, target.seq, codec);
}

function decodeFromKey(
  frames: readonly FrameMessage[],
  index: number,
  seq: number,
  codec: Codec,
): Promise<DecodedPair> {
  return new Promise((resolve, reject) => {
    const finish = (settle: () => void) => {
      clearTimeout(timeout);
      decoder.close();
      settle();
    };
    const fail = () => finish(() => reject(new Error('the frame was not decoded')));
    const timeout = setTimeout(fail, DECODE_TIMEOUT_MS);
    const decoder = openDecoder(
      codec,
      {
        decoded(pair) {
          if (pair.header.seq === seq) {
            finish(() => resolve(pair));
          } else {
            closePair(pair);
          }
        },
        keyNeeded: fail,
        failed: fail,
      },
      Number.POSITIVE_INFINITY,
    );
    const key = frames.slice(0, index + 1).findLastIndex((frame) => frame.key);
    for (const frame of frames.slice(Math.max(0, key), index + 1)) {
      decoder.offer(frame);
    }
    decoder.flush();
  });
}
