/**
 * One clip of an evaluation on its way through the engine.
 *
 *     ground truth ─▶ cut to a multiple of the scale ──────────────────────────────────▶ measure
 *          └─▶ bicubic LR (or the given low-quality frames) ─▶ window ─▶ engine, by stages ─▲
 */
import type { Engine } from '../engine/engine.js';
import { imresize } from '../quality/imresize.js';
import { type ByteSamples, cropToMultiple } from '../quality/samples.js';
import { type ClipFrames, openFrames } from './clip-frames.js';
import { ClipStage, type StagedFrame, type StageInput } from './clip-stage.js';
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
  /** Output size over input size, of all stages. */
  readonly #scale: number;
  readonly #stages: readonly ClipStage[];
  readonly #last: ClipStage;
  readonly #gt: ClipFrames;
  readonly #lq: ClipFrames | undefined;

  /** @param length frames of the clip; @param session a number of its own; @param engines one for each stage. */
  constructor(clip: Clip, length: number, session: number, engines: readonly Engine[]) {
    this.#clip = clip;
    this.#length = length;
    this.#session = session;
    this.#scale = scaleOf(engines);
    const stages: ClipStage[] = [];
    let input: StageInput = (index) => this.#input(index);
    for (const engine of engines) {
      const stage = new ClipStage(engine, `evaluate/${clip.name}`, length, input);
      stages.push(stage);
      input = (index) => stage.restored(index);
    }
    const last = stages.at(-1);
    if (last === undefined) {
      throw new RangeError('an evaluation has at least one stage');
    }
    this.#stages = stages;
    this.#last = last;
    // The window being restored and the one being read.
    const kept = 2 * engines.reduce((sum, { spec }) => sum + spec.window, 0);
    this.#gt = openFrames(clip.gt, kept);
    this.#lq = clip.lq === undefined ? undefined : openFrames(clip.lq, kept);
  }

  /** Restores and compares every frame. The engine works on the next frame while this thread measures the last. */
  async measure(compareFrames: (comparison: Comparison) => Promise<Figures>): Promise<Figures[]> {
    const figures: Figures[] = [];
    try {
      let restoring = this.#last.restore(await this.#last.window(0));
      for (let t = 0; t < this.#length; t += 1) {
        const [truth, next] = await Promise.all([
          this.#truth(t),
          t + 1 < this.#length ? this.#last.window(t + 1) : undefined,
          restoring,
        ]);
        const { frame, source } = await restoring;
        if (next !== undefined) {
          restoring = this.#last.restore(next);
        }
        const pictures = { source: { ...source, channels: 3 }, restored: { ...frame, channels: 3 }, truth };
        figures.push(await compareFrames({ clip: this.#clip.name, index: t, ...pictures }));
        frame.lease?.release();
      }
    } finally {
      for (const stage of this.#stages) {
        stage.forget();
      }
      this.#gt.close();
      this.#lq?.close();
    }
    return figures;
  }

  /** One low-quality frame: read, or made from the ground truth. */
  async #input(index: number): Promise<StagedFrame> {
    const picture =
      this.#lq === undefined ? imresize(await this.#truth(index), 1 / this.#scale) : await this.#lq.read(index);
    const frame = {
      width: picture.width,
      height: picture.height,
      format: 'rgb8' as const,
      data: picture.data,
      seq: index,
      session: this.#session,
      ptsNs: BigInt(index) * 40_000_000n,
      captureTimeMs: Date.now(),
      discontinuity: index === 0,
    };
    return { frame, source: frame };
  }

  /** One frame of the ground truth, cut to a multiple of the scale. */
  async #truth(index: number): Promise<ByteSamples> {
    return cropToMultiple(await this.#gt.read(index), this.#scale);
  }
}

/** Output size over input size of stages in a row. */
export function scaleOf(engines: readonly Engine[]): number {
  return engines.reduce((product, { spec }) => product * spec.scale, 1);
}
