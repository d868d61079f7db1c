/**
 * PSNR and SSIM of a model on clips of known truth, as the papers measure: every frame, no border left out unless asked,
 * the mean over a clip's frames, then over the clips.
 *
 *     ground truth ─▶ cut to a multiple of the scale ──────────────────────────────────▶ measure
 *          └─▶ bicubic LR (or the given low-quality frames) ─▶ window ─▶ engine ────────────▲
 */
import type { Engine } from '../engine/engine.js';
import { LimpidError } from '../errors/limpid-error.js';
import type { Frame, RestoredFrame } from '../frame/frame.js';
import { imresize } from '../quality/imresize.js';
import { luma } from '../quality/luma.js';
import { psnr } from '../quality/psnr.js';
import { type ByteSamples, cropBorder, cropToMultiple, type Samples } from '../quality/samples.js';
import { ssim } from '../quality/ssim.js';
import { windowIndices } from '../window/padding.js';
import { BicubicEngine } from './evaluate-bicubic.js';
import { type Clip, checkSizes, findClips } from './evaluate-clips.js';
import { readPng } from './read-png.js';

/** What is measured: Y of BT.601, or all three channels. */
export type Channel = 'y' | 'rgb';

/** Options of {@link evaluate}. */
export interface EvaluateOptions {
  /** Name of a model, or `bicubic` for the baseline. */
  readonly model: string;
  /** Folder of the ground truth: PNGs, or one folder of PNGs per clip. */
  readonly gt: string;
  /** Folder of the low-quality frames, laid out alike; default: made from the ground truth. */
  readonly lq?: string | undefined;
  /** Default 'rgb'. */
  readonly channel?: Channel | undefined;
  /** Pixels taken off every side before measuring; default 0. */
  readonly crop?: number | undefined;
  /** The mean of four flipped passes; not available yet. */
  readonly selfEnsemble?: boolean | undefined;
  /** Scale of the bicubic baseline, 1–16; default 4. A model brings its own. */
  readonly scale?: number | undefined;
}

/** How far an evaluation is. */
export interface EvaluateProgress {
  readonly clip: string;
  /** Frames of all clips measured so far. */
  readonly done: number;
  /** Frames of all clips. */
  readonly total: number;
}

/** What {@link evaluate} needs from outside. */
export interface EvaluateDeps {
  /** Opens a model by name; evaluate disposes of its engine. Not called for `bicubic`. */
  readonly openEngine: (model: string) => Promise<Engine>;
  /** Called after every measured frame. */
  readonly onProgress?: (progress: EvaluateProgress) => void;
}

/** Mean figures: PSNR in dB (Infinity for equal pictures), SSIM at most 1. */
export interface Figures {
  readonly psnr: number;
  readonly ssim: number;
}

/** Mean figures of one clip. */
export interface ClipFigures extends Figures {
  readonly name: string;
  readonly frames: number;
}

/** What `limpid evaluate --json` prints. */
export interface EvaluateResult {
  readonly model: string;
  readonly channel: Channel;
  readonly crop: number;
  readonly clips: readonly ClipFigures[];
  readonly mean: Figures;
}

/**
 * Measures a model on every clip. Holds one window of low-quality frames and two restored ones, however long the clip.
 *
 * @throws ERR_USAGE for options out of range, ERR_INPUT_FILE and ERR_FRAME_SIZE for files that don't fit, and whatever
 * opening or running the model throws.
 */
export async function evaluate(options: EvaluateOptions, deps: EvaluateDeps): Promise<EvaluateResult> {
  const { model, gt, lq, channel = 'rgb', crop = 0, selfEnsemble = false, scale = 4 } = options;
  requireInteger('--crop', crop, 0, 4096);
  requireInteger('--scale', scale, 1, 16);
  if (selfEnsemble) {
    throw new LimpidError('ERR_USAGE', 'Self-ensemble is not available yet: evaluate without --self-ensemble');
  }
  const clips = await findClips(gt, lq);
  const engine = model === 'bicubic' ? new BicubicEngine(scale) : await deps.openEngine(model);
  try {
    for (const clip of clips) {
      await checkSizes(clip, engine.spec.scale, crop);
    }
    const total = clips.reduce((sum, clip) => sum + clip.gt.length, 0);
    const figures: ClipFigures[] = [];
    let done = 0;
    for (const [session, clip] of clips.entries()) {
      const onFrame = () => {
        done += 1;
        deps.onProgress?.({ clip: clip.name, done, total });
      };
      const run = new ClipRun(clip, session, engine);
      figures.push(await run.measure((restored, truth) => compare(restored, truth, channel, crop), onFrame));
    }
    return { model, channel, crop, clips: figures, mean: meanOf(figures) };
  } finally {
    await engine.dispose();
  }
}

/** One clip on its way through the engine. */
class ClipRun {
  readonly #clip: Clip;
  readonly #session: number;
  readonly #engine: Engine;
  readonly #stream: string;
  /** The low-quality frames of the current window, by index. */
  #frames = new Map<number, Frame>();

  constructor(clip: Clip, session: number, engine: Engine) {
    this.#clip = clip;
    this.#session = session;
    this.#engine = engine;
    this.#stream = `evaluate/${clip.name}`;
  }

  /** Restores and compares every frame. The engine works on the next frame while this thread measures the last. */
  async measure(
    compareFrames: (restored: ByteSamples, truth: ByteSamples) => Figures,
    onFrame: () => void,
  ): Promise<ClipFigures> {
    const { name, gt } = this.#clip;
    const figures: Figures[] = [];
    try {
      let restoring = this.#restore(await this.#window(0));
      for (let t = 0; t < gt.length; t += 1) {
        const [truth, next] = await Promise.all([
          this.#truth(t),
          t + 1 < gt.length ? this.#window(t + 1) : undefined,
          restoring,
        ]);
        const { frame } = await restoring;
        if (next !== undefined) {
          restoring = this.#restore(next);
        }
        figures.push(compareFrames({ ...frame, channels: 3 }, truth));
        frame.lease?.release();
        onFrame();
      }
    } finally {
      this.#engine.forget(this.#stream);
    }
    return { name, frames: gt.length, ...meanOf(figures) };
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
    const indices = windowIndices(padding, t, window, this.#clip.gt.length - 1);
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
    const path = this.#clip.lq?.[index];
    const picture = path === undefined ? imresize(await this.#truth(index), 1 / scale) : await readPng(path);
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
    return cropToMultiple(await readPng(this.#clip.gt[index] as string), this.#engine.spec.scale);
  }
}

function compare(restored: ByteSamples, truth: ByteSamples, channel: Channel, crop: number): Figures {
  const [a, b] = [restored, truth].map((rgb) => cropBorder<Samples>(channel === 'y' ? luma(rgb) : rgb, crop)) as [
    Samples,
    Samples,
  ];
  return { psnr: psnr(a, b), ssim: ssim(a, b) };
}

function meanOf(figures: readonly Figures[]): Figures {
  const mean = (of: (one: Figures) => number) => figures.reduce((sum, one) => sum + of(one), 0) / figures.length;
  return { psnr: mean((one) => one.psnr), ssim: mean((one) => one.ssim) };
}

function requireInteger(option: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new LimpidError(
      'ERR_USAGE',
      `Expected an integer from ${least} to ${most} for ${option} but received ${value}`,
    );
  }
}
