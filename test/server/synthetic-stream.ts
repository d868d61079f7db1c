/**
 * A LiveStream made by the test: frames come when the test says so, and every lease is watched.
 */
import { Subject } from 'rxjs';
import type { FallbackReason, Frame, RestoredFrame } from '../../src/frame/frame.js';
import { Lease } from '../../src/frame/lease.js';
import { type LiveStream, noFallbacks, type StreamState, type StreamStatus } from '../../src/frame/live-stream.js';

/** Options of {@link SyntheticStream}. */
export interface SyntheticStreamOptions {
  readonly name?: string;
  readonly sourceWidth?: number;
  readonly sourceHeight?: number;
  readonly scale?: number;
}

/** Colour of a pixel, or all pixels of a picture. */
export type Painter = Uint8Array | ((x: number, y: number, seq: number) => readonly [number, number, number]);

/** A stream whose frames the test emits. */
export class SyntheticStream implements LiveStream {
  readonly name: string;
  readonly restored$ = new Subject<RestoredFrame>();
  state: StreamState = 'live';
  reason: string | undefined;
  scale: number;
  /** Frames whose pixels somebody still holds. */
  leasesOut = 0;
  #sourceWidth: number;
  #sourceHeight: number;
  #seq = 0;
  #restored = 0;

  constructor({ name = 'gate', sourceWidth = 32, sourceHeight = 18, scale = 4 }: SyntheticStreamOptions = {}) {
    this.name = name;
    this.scale = scale;
    this.#sourceWidth = sourceWidth;
    this.#sourceHeight = sourceHeight;
  }

  /** Changes the size of the frames to come. */
  resize(sourceWidth: number, sourceHeight: number): void {
    this.#sourceWidth = sourceWidth;
    this.#sourceHeight = sourceHeight;
  }

  /**
   * Emits one frame: the source painted by `source`, the restored picture by `restored` (default: flat colours).
   * `fallback` says why it is shown upscaled instead; `repeated`, that it was shown before.
   */
  emit(
    source: Painter = () => [200, 40, 40],
    restored: Painter = () => [40, 160, 60],
    fallback?: FallbackReason,
    repeated = false,
  ): RestoredFrame {
    this.#seq += 1;
    this.#restored += 1;
    const seq = this.#seq;
    const pair: RestoredFrame = {
      source: this.#frame(seq, this.#sourceWidth, this.#sourceHeight, source),
      frame: this.#frame(seq, this.#sourceWidth * this.scale, this.#sourceHeight * this.scale, restored),
      timing: { waitMs: 40, pyramidMs: 12, restoreMs: 25 },
      ...(fallback === undefined ? {} : { fallback }),
      ...(repeated ? { repeated } : {}),
    };
    this.restored$.next(pair);
    pair.source.lease?.release();
    pair.frame.lease?.release();
    return pair;
  }

  /** Lets numbers pass that are never emitted. */
  skip(frames: number): void {
    this.#seq += frames;
  }

  status(): StreamStatus {
    const quantiles = { p50: 1, p95: 2, p99: 3 };
    return {
      name: this.name,
      state: this.state,
      ...(this.reason === undefined ? {} : { reason: this.reason }),
      model: 'live-x4',
      strength: 1,
      engine: 'bypass',
      latencyFrames: 1,
      sourceWidth: this.#sourceWidth,
      sourceHeight: this.#sourceHeight,
      width: this.#sourceWidth * this.scale,
      height: this.#sourceHeight * this.scale,
      framesIn: this.#seq,
      framesRestored: this.#restored,
      framesSkipped: { overload: this.#seq - this.#restored, resize: 0, 'engine-error': 0 },
      framesFallback: { ...noFallbacks, 'offsets-absurd': 2 },
      reconnects: 2,
      sceneCuts: 0,
      overloadStep: 0,
      overloadMoves: 0,
      fpsIn: 25,
      fpsRestored: 12.5,
      stageMs: {
        capture: quantiles,
        decode: quantiles,
        wait: quantiles,
        pyramid: quantiles,
        restore: quantiles,
        encode: quantiles,
        send: quantiles,
        total: quantiles,
      },
    };
  }

  #frame(seq: number, width: number, height: number, paint: Painter): Frame {
    this.leasesOut += 1;
    const data = new Uint8Array(width * height * 3);
    if (paint instanceof Uint8Array) {
      data.set(paint);
    } else {
      for (let y = 0, at = 0; y < height; y += 1) {
        for (let x = 0; x < width; x += 1, at += 3) {
          data.set(paint(x, y, seq), at);
        }
      }
    }
    const lease = new Lease(() => {
      this.leasesOut -= 1;
      data.fill(0); // whoever reads after releasing sees black
    });
    return {
      seq,
      session: 1,
      ptsNs: BigInt(seq) * 40_000_000n,
      captureTimeMs: Date.now() - 50,
      discontinuity: seq === 1,
      width,
      height,
      format: 'rgb8',
      data,
      lease,
    };
  }
}
