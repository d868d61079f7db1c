/**
 * A video file's frames by index, decoded as they are asked for: the decoder waits while nobody wants more.
 *
 *     media process ─▶ #frames: the last few up to the newest asked for ─▶ read(index)
 *           ▲ gate closed beyond the newest asked for
 */
import type { Subscription } from 'rxjs';
import { LimpidError } from '../errors/limpid-error.js';
import type { DecodedFrame } from '../frame/frame.js';
import { Gate } from '../frame/gate.js';
import type { ByteSamples } from '../quality/samples.js';
import { openSource } from '../source/open-source.js';
import type { ClipSurvey } from './evaluate-clips.js';

/** Decodes a video once and counts. @throws ERR_INPUT_FILE, ERR_FRAME_SIZE when the size changes, or the source's error. */
export function surveyVideo(path: string): Promise<ClipSurvey> {
  return new Promise((resolve, reject) => {
    let first: DecodedFrame | undefined;
    let frames = 0;
    const subscription = openSource(path)
      .session$()
      .subscribe({
        next: (frame) => {
          first ??= frame;
          frames += 1;
          if (frame.width !== first.width || frame.height !== first.height) {
            const sizes = `${first.width}x${first.height} as the clip's first frame in ${path} but received ${frame.width}x${frame.height}`;
            reject(new LimpidError('ERR_FRAME_SIZE', `Expected ${sizes}`));
            subscription.unsubscribe();
          }
        },
        error: reject,
        complete: () => resolve({ width: 0, height: 0, ...first, frames }),
      });
  });
}

interface Wish {
  readonly index: number;
  readonly resolve: (frame: ByteSamples) => void;
  readonly reject: (error: Error) => void;
}

/** One pass over a video, forwards. */
export class VideoReader {
  readonly #path: string;
  readonly #kept: number;
  readonly #gate = new Gate();
  readonly #frames = new Map<number, ByteSamples>();
  readonly #subscription: Subscription;
  #wishes: Wish[] = [];
  /** Frames that have arrived. */
  #arrived = 0;
  /** Newest index asked for. */
  #newest = -1;
  #failure: Error | undefined;

  /** @param kept how many frames before the newest asked for may be read again. */
  constructor(path: string, kept: number) {
    this.#path = path;
    this.#kept = kept;
    this.#subscription = openSource(path)
      .session$({ gate: this.#gate })
      .subscribe({
        next: (frame) => this.#take(frame),
        error: (error: Error) => this.#fail(error),
        complete: () => {
          this.#fail(new LimpidError('ERR_INPUT_FILE', `Expected more than ${this.#arrived} frames in ${this.#path}`));
        },
      });
  }

  /** @throws ERR_INPUT_FILE for a frame beyond the end, or the source's error. */
  read(index: number): Promise<ByteSamples> {
    this.#newest = Math.max(this.#newest, index);
    const frame = this.#frames.get(index);
    if (frame !== undefined) {
      return Promise.resolve(frame);
    }
    if (index < this.#arrived) {
      return Promise.reject(new RangeError(`frame ${index} of ${this.#path} was let go`));
    }
    if (this.#failure !== undefined) {
      return Promise.reject(this.#failure);
    }
    return new Promise((resolve, reject) => {
      this.#wishes.push({ index, resolve, reject });
      this.#gate.set(true);
    });
  }

  close(): void {
    this.#subscription.unsubscribe();
  }

  #take({ width, height, data }: DecodedFrame): void {
    this.#frames.set(this.#arrived, { width, height, channels: 3, data });
    this.#arrived += 1;
    for (const { index, resolve } of this.#wishes) {
      const frame = this.#frames.get(index);
      if (frame !== undefined) {
        resolve(frame);
      }
    }
    this.#wishes = this.#wishes.filter(({ index }) => index >= this.#arrived);
    for (const index of this.#frames.keys()) {
      if (index >= this.#newest - this.#kept) {
        break;
      }
      this.#frames.delete(index);
    }
    this.#gate.set(this.#arrived <= this.#newest + 1);
  }

  #fail(error: Error): void {
    this.#failure = error;
    for (const { reject } of this.#wishes) {
      reject(error);
    }
    this.#wishes = [];
  }
}
