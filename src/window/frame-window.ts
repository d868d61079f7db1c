/**
 * The ring of 2N+1 frames: turns a stream of frames into a stream of windows, each around its reference.
 *
 *     frames    0   1   2   3   4 | 5'          (5' begins after a discontinuity)
 *     windows           0   1   2   3 4 …       N = 2: a window waits for its N frames of look-ahead
 *
 * Frames on two sides of a discontinuity or a scene cut never share a window: the old side is flushed with padding at its
 * end, the new side begins with padding at its start.
 */
import { Observable, type OperatorFunction } from 'rxjs';
import type { Frame } from '../frame/frame.js';
import { framesNeeded, type PaddingMode, windowIndices } from './padding.js';

/** 2N+1 frames in order of time; the ends of a clip are padded by repeating frames as the padding mode says. */
export interface FrameWindow {
  readonly reference: Frame;
  /** Length 2N+1; `frames[N]` is the reference. */
  readonly frames: readonly Frame[];
}

/** Options of {@link frameWindow}. */
export interface FrameWindowOptions {
  /** Frames in a window, 2N+1: an odd integer ≥ 1. */
  readonly size: number;
  readonly padding: PaddingMode;
  /** Tells that a run of frames has ended, where the next one may be long in coming; it begins with a discontinuity. */
  readonly runEnds$?: Observable<unknown>;
}

/**
 * Emits one window for every frame, in order, as soon as its look-ahead is there; the last N at a discontinuity, at a scene
 * cut, at a change of size, when a run ends and at completion. Holds at most 2N+1 frames.
 */
export function frameWindow(options: FrameWindowOptions): OperatorFunction<Frame, FrameWindow> {
  return (frames$) =>
    new Observable((subscriber) => {
      const clip = new Clip(options);
      const flush = () => {
        for (const window of clip.flush()) {
          subscriber.next(window);
        }
      };
      subscriber.add(options.runEnds$?.subscribe(flush));
      return frames$.subscribe({
        next: (frame) => {
          if (clip.endsBefore(frame)) {
            flush();
          }
          for (const window of clip.push(frame)) {
            subscriber.next(window);
          }
        },
        error: (error) => subscriber.error(error),
        complete: () => {
          flush();
          subscriber.complete();
        },
      });
    });
}

/** The frames of one uninterrupted run: indices count from its first frame. */
class Clip {
  readonly #options: FrameWindowOptions;
  readonly #half: number;
  #ring: Frame[] = [];
  /** Frames seen. */
  #length = 0;
  /** Index of the next reference. */
  #next = 0;

  constructor(options: FrameWindowOptions) {
    this.#options = options;
    this.#half = options.size >> 1;
  }

  endsBefore(frame: Frame): boolean {
    const newest = this.#ring.at(-1);
    return (
      newest !== undefined &&
      (frame.discontinuity || frame.sceneCut === true || newest.width !== frame.width || newest.height !== frame.height)
    );
  }

  *push(frame: Frame): Generator<FrameWindow> {
    this.#ring.push(frame);
    if (this.#ring.length > this.#options.size) {
      this.#ring.shift();
    }
    this.#length += 1;
    if (this.#length < framesNeeded(this.#options.padding, this.#options.size)) {
      return;
    }
    while (this.#next + this.#half < this.#length) {
      yield this.#take();
    }
  }

  *flush(): Generator<FrameWindow> {
    while (this.#next < this.#length) {
      yield this.#take();
    }
    this.#ring = [];
    this.#length = 0;
    this.#next = 0;
  }

  #take(): FrameWindow {
    const { padding, size } = this.#options;
    const indices = windowIndices(padding, this.#next, size, this.#length - 1);
    this.#next += 1;
    const frames = indices.map((index) => this.#at(index));
    return { reference: frames[this.#half] as Frame, frames };
  }

  #at(index: number): Frame {
    const oldest = this.#length - this.#ring.length;
    const frame = this.#ring[index - oldest];
    if (frame === undefined) {
      throw new RangeError(`frame ${index} has left the ring, which holds ${oldest} to ${this.#length - 1}`);
    }
    return frame;
  }
}
