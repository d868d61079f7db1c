/**
 * One clip of an evaluation on its way through the engine.
 *
 *     ground truth ─▶ cut to a multiple of the scale ──────────────────────────────────▶ measure
 *          └─▶ bicubic LR (or the given low-quality frames) ─▶ window ─▶ engine ────────────▲
 */
import type { Engine } from '../engine/engine.js';
import type { Frame, RestoredFrame } from '../frame/frame.js';
import { imresize } from '../quality/imresize.js';
import { type ByteSamples, cropToMultiple } from '../quality/samples.js';
import { windowIndices } from '../window/padding.js';
import { type ClipFrames, openFrames } from './clip-frames.js';
import type { Clip } from './evaluate-clips.js';
import type { Figures } from './evaluate-figures.js';

/** A restored frame beside what it was made from and what it should be; the pictures hold during the call only. */
export interface Comparison {
  readonly clip: string;
  readonly index: number;
  readonly source: ByteSamples;
  readonly restored: ByteSamples;
  readonly truth: ByteSamples;
}

/** Restores every frame of a clip. Holds one window of low-quality frames and two restored ones, however long the clip. */
export class ClipRun {
  readonly #clip: Clip;
  readonly #length: number;
  readonly #session: number;
  readonly #engine: Engine;
  readonly #stream: string;
  readonly #gt: ClipFrames;
  readonly #lq: ClipFrames | undefined;
  /** The low-quality frames of the current window, by index. */
  #frames = new Map<number, Frame>();

  /** @param length frames of the clip; @param session a number of its own. */
  constructor(clip: Clip, length: number, session: number, engine: Engine) {
    this.#clip = clip;
    this.#length = length;
    this.#session = session;
    this.#engine = engine;
    this.#stream = `evaluate/${clip.name}`;
    // The window being restored and the one being read.
    const kept = 2 * engine.spec.window;
    this.#gt = openFrames(clip.gt, kept);
    this.#lq = clip.lq === undefined ? undefined : openFrames(clip.lq, kept);
  }

  /** Restores and compares every frame. The engine works on the next frame while this thread measures the last. */
  async measure(compareFrames: (comparison: Comparison) => Promise<Figures>): Promise<Figures[]> {
    const figures: Figures[] = [];
    try {
      let restoring = this.#restore(await this.#window(0));
      for (let t = 0; t < this.#length; t += 1) {
        const [truth, next] = await Promise.all([
          this.#truth(t),
          t + 1 < this.#length ? this.#window(t + 1) : undefined,
          restoring,
        ]);
        const { frame, source } = await restoring;
        if (next !== undefined) {
          restoring = this.#restore(next);
        }
        const pictures = { source: { ...source, channels: 3 }, restored: { ...frame, channels: 3 }, truth };
        figures.push(await compareFrames({ clip: this.#clip.name, index: t, ...pictures }));
        frame.lease?.release();
      }
    } finally {
      this.#engine.forget(this.#stream);
      this.#gt.close();
      this.#lq?.close();
    }
    return figures;
  }

  /** Starts restoring the middle of a window. */
  #restore(frames: readonly Frame[]): Promise<RestoredFrame> {
    const restoring = this.#engine.restore(this.#stream, {
      reference: frames[frames.length >> 1] as Frame,
      frames,
    });
    // Should reading or measuring fail first, this promise is never awaited: its own failure must not end the process.
    restoring.catch(() => undefined);
    return restoring;
  }

  /** The window of frame `t`, padded at the clip's ends; reads what the window before did not hold. */
  async #window(t: number): Promise<readonly Frame[]> {
    const { padding, window } = this.#engine.spec;
    const indices = windowIndices(padding, t, window, this.#length - 1);
    const frames = new Map<number, Frame>();
    for (const index of indices) {
      frames.set(index, frames.get(index) ?? this.#frames.get(index) ?? (await this.#input(index)));
    }
    this.#frames = frames;
    return indices.map((index) => frames.get(index) as Frame);
  }

  /** One low-quality frame: read, or made from the ground truth. */
  async #input(index: number): Promise<Frame> {
    const { scale } = this.#engine.spec;
    const picture = this.#lq === undefined ? imresize(await this.#truth(index), 1 / scale) : await this.#lq.read(index);
    return {
      width: picture.width,
      height: picture.height,
      format: 'rgb8',
      data: picture.data,
      seq: index,
      session: this.#session,
      ptsNs: BigInt(index) * 40_000_000n,
      captureTimeMs: Date.now(),
      discontinuity: index === 0,
    };
  }

  /** One frame of the ground truth, cut to a multiple of the scale. */
  async #truth(index: number): Promise<ByteSamples> {
    return cropToMultiple(await this.#gt.read(index), this.#engine.spec.scale);
  }
}
