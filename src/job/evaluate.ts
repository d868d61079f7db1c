/**
 * PSNR and SSIM of a model on clips of known truth, as the papers measure: every frame, no border left out unless asked,
 * the mean over a clip's frames, then over the clips.
 */
import type { Engine } from '../engine/engine.js';
import { LimpidError } from '../errors/limpid-error.js';
import { checkClip } from './clip-frames.js';
import { BicubicEngine } from './evaluate-bicubic.js';
import { type ClipSurvey, findClips } from './evaluate-clips.js';
import { type Channel, compare, type Figures, meanOf } from './evaluate-figures.js';
import { ClipRun, type Comparison, scaleOf } from './evaluate-run.js';

/** Options of {@link evaluate}. */
export interface EvaluateOptions {
  /** Name of a model, or `bicubic` for the baseline; several, separated by commas, are stages in a row. */
  readonly model: string;
  /** The ground truth: a video, or a folder of PNGs or of one folder of PNGs or one video per clip. */
  readonly gt: string;
  /** The low-quality frames, laid out alike; default: made from the ground truth. */
  readonly lq?: string | undefined;
  /** Default 'rgb'. */
  readonly channel?: Channel | undefined;
  /** Pixels taken off every side before measuring; default 0. */
  readonly crop?: number | undefined;
  /** Scale of the bicubic baseline, 1–16; default 4. A model brings its own: another is refused. */
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
  /** Opens a model by name, once a stage; evaluate disposes of its engine. Not called for `bicubic`. */
  readonly openEngine: (model: string) => Promise<Engine>;
  /** Called after every measured frame. */
  readonly onProgress?: (progress: EvaluateProgress) => void;
  /** Called with every measured frame and its figures; the next frame is measured once it is done. */
  readonly onMeasured?: (measured: MeasuredFrame) => Promise<void>;
}

/** A frame with its figures and its pictures. */
export interface MeasuredFrame extends Comparison {
  readonly figures: Figures;
  /** Output size over input size. */
  readonly scale: number;
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
 * Measures a model on every clip, one after the other.
 *
 * @throws ERR_USAGE for options out of range, ERR_INPUT_FILE and ERR_FRAME_SIZE for files that don't fit, and whatever
 * opening or running the model throws.
 */
export async function evaluate(options: EvaluateOptions, deps: EvaluateDeps): Promise<EvaluateResult> {
  const { model, gt, lq, channel = 'rgb', crop = 0, scale = 4 } = options;
  requireInteger('--crop', crop, 0, 4096);
  requireInteger('--scale', scale, 1, 16);
  const clips = await findClips(gt, lq);
  const engines: Engine[] = [];
  try {
    for (const name of model.split(',')) {
      engines.push(name === 'bicubic' ? new BicubicEngine(scale) : await deps.openEngine(name));
    }
    const whole = scaleOf(engines);
    if (
      options.scale !== undefined &&
      whole !== scale &&
      engines.every((engine) => !(engine instanceof BicubicEngine))
    ) {
      throw new LimpidError(
        'ERR_USAGE',
        `Expected ${whole} for --scale, which is the scale of ${model}, but received ${scale}; leave it out`,
      );
    }
    const surveys: ClipSurvey[] = [];
    for (const clip of clips) {
      surveys.push(await checkClip(clip, whole, crop));
    }
    const total = surveys.reduce((sum, { frames }) => sum + frames, 0);
    let done = 0;
    const compareFrames = async (comparison: Comparison): Promise<Figures> => {
      const figures = compare(comparison.restored, comparison.truth, channel, crop);
      await deps.onMeasured?.({ ...comparison, figures, scale: whole });
      done += 1;
      deps.onProgress?.({ clip: comparison.clip, done, total });
      return figures;
    };
    const figures: ClipFigures[] = [];
    for (const [session, clip] of clips.entries()) {
      const frames = surveys[session]?.frames ?? 0;
      const run = new ClipRun(clip, frames, session, engines);
      figures.push({ name: clip.name, frames, ...meanOf(await run.measure(compareFrames)) });
    }
    return { model, channel, crop, clips: figures, mean: meanOf(figures) };
  } finally {
    await Promise.all(engines.map((engine) => engine.dispose()));
  }
}

function requireInteger(option: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new LimpidError(
      'ERR_USAGE',
      `Expected an integer from ${least} to ${most} for ${option} but received ${value}`,
    );
  }
}
