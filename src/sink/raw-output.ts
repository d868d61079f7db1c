/**
 * Sinks that take pictures as they are: a window on the screen, or any GStreamer text of the configuration file.
 */
import type { Frame } from '../frame/frame.js';
import { fillLaunchText, readLaunchText } from '../media/launch-text.js';
import { rawVideo } from '../media/raw-video.js';
import { MediaOutput, unforeseen } from './media-output.js';
import {
  type DisplayOptions,
  displayOptionsSchema,
  type PipelineOptions,
  pipelineOptionsSchema,
} from './raw-output-options.js';
import type { Sink } from './sink.js';

/** What a window needs to know of the desktop. */
const DESKTOP = ['DISPLAY', 'WAYLAND_DISPLAY', 'XAUTHORITY'];

/** Opens a pipeline, whose text is trusted: it comes from the configuration file only. Throws ZodError for options. */
export function openPipeline(options: PipelineOptions): Sink {
  const { launch, ...rest } = pipelineOptionsSchema.parse(options);
  return new RawOutput({ ...rest, label: 'pipeline', text: `! ${launch}`, environment: {}, check: 'its elements' });
}

/** Opens a window; null where there is no display to open it on. Throws ZodError for options. */
export function openDisplay(options: DisplayOptions, env: NodeJS.ProcessEnv = process.env): Sink | null {
  const environment = Object.fromEntries(
    DESKTOP.flatMap((name) => (env[name] === undefined || env[name] === '' ? [] : [[name, env[name]]])),
  );
  if (environment.DISPLAY === undefined && environment.WAYLAND_DISPLAY === undefined) {
    return null;
  }
  const text = fillLaunchText(readLaunchText('sink-display'), {});
  return new RawOutput({
    ...displayOptionsSchema.parse(options),
    label: 'display',
    text,
    environment,
    check: 'the screen',
  });
}

interface RawOutputPlan {
  readonly label: string;
  readonly view: 'restored' | 'source';
  /** What follows the raw video. */
  readonly text: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly check: string;
  readonly writeTimeoutMs: number;
  readonly finishTimeoutMs: number;
}

class RawOutput implements Sink {
  readonly label: string;
  readonly view: RawOutputPlan['view'];
  readonly #plan: RawOutputPlan;
  #current: MediaOutput | null = null;

  constructor(plan: RawOutputPlan) {
    this.label = plan.label;
    this.view = plan.view;
    this.#plan = plan;
  }

  async write(frame: Frame): Promise<void> {
    if (this.#current?.takes(frame) === false) {
      const before = this.#current;
      this.#current = null;
      await before.close();
    }
    this.#current ??= this.#begin(frame);
    try {
      await this.#current.write(frame);
    } catch (error) {
      this.#current = null;
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#current?.close();
  }

  #begin(first: Frame): MediaOutput {
    const { label, text, ...plan } = this.#plan;
    return new MediaOutput({
      ...plan,
      subject: `The ${label}`,
      video: rawVideo(first.width, first.height, null, first.pixelAspect),
      launch: `${fillLaunchText(readLaunchText('sink-raw'), {})} ${text}`,
      originNs: first.ptsNs,
      failureOf: unforeseen,
    });
  }
}
