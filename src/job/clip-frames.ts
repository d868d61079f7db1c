/**
 * The frames of a clip by index, whatever they lie in; and what is known of them before any is measured.
 */
import { LimpidError } from '../errors/limpid-error.js';
import type { ByteSamples } from '../quality/samples.js';
import type { Clip, ClipFiles, ClipSurvey } from './evaluate-clips.js';
import { readPng, readPngSize } from './read-png.js';
import { surveyVideo, VideoReader } from './read-video.js';
import type { Size } from './size.js';

/** Gives frames by index; the caller closes it. */
export interface ClipFrames {
  /** A frame (h, w, 3). Videos give those of the last window's length or two only. */
  read(index: number): Promise<ByteSamples>;
  close(): void;
}

/** Least side SSIM's window needs. */
const SMALLEST_MEASURED = 11;

/** Opens one side of a clip for reading forwards, where the last `kept` frames may be read again. */
export function openFrames({ kind, files }: ClipFiles, kept: number): ClipFrames {
  switch (kind) {
    case 'pngs':
      return { read: (index) => readPng(files[index] as string), close: () => undefined };
    case 'video':
      return new VideoReader(files[0] as string, kept);
  }
}

/**
 * Looks at every frame of a clip (a PNG's header; a video is decoded once), so that nothing is found wrong only after an
 * hour. Gives what the truth has.
 *
 * @param scale output size over input size: low-quality frames × scale are the ground truth, cut to a multiple of it.
 * @param crop pixels taken off every side before measuring.
 * @throws ERR_INPUT_FILE or ERR_FRAME_SIZE naming the first file that does not fit.
 */
export async function checkClip({ name, gt, lq }: Clip, scale: number, crop: number): Promise<ClipSurvey> {
  const truth = await survey(gt);
  const { width, height, frames } = truth;
  const cut = { width: width - (width % scale), height: height - (height % scale) };
  if (Math.min(cut.width, cut.height) - 2 * crop < SMALLEST_MEASURED) {
    throw new LimpidError(
      'ERR_FRAME_SIZE',
      `Expected at least ${SMALLEST_MEASURED}x${SMALLEST_MEASURED} pixels inside the crop of ${crop} but clip ${name} is ${width}x${height}`,
    );
  }
  if (lq !== undefined) {
    const input = await survey(lq);
    if (input.frames !== frames) {
      throw new LimpidError(
        'ERR_INPUT_FILE',
        `Expected ${frames} frames for clip ${name} in ${lq.given} as in ${gt.given} but found ${input.frames}`,
      );
    }
    if (input.width * scale !== cut.width || input.height * scale !== cut.height) {
      throw new LimpidError(
        'ERR_FRAME_SIZE',
        `Expected low-quality frames of ${cut.width / scale}x${cut.height / scale} for clip ${name} (${width}x${height} at scale ${scale}) but received ${input.width}x${input.height}`,
      );
    }
  }
  return truth;
}

function survey({ kind, files }: ClipFiles): Promise<ClipSurvey> {
  switch (kind) {
    case 'pngs':
      return surveyPngs(files);
    case 'video':
      return surveyVideo(files[0] as string);
  }
}

async function surveyPngs(files: readonly string[]): Promise<ClipSurvey> {
  let common: Size | undefined;
  for (const file of files) {
    const size = await readPngSize(file);
    common ??= size;
    if (size.width !== common.width || size.height !== common.height) {
      throw new LimpidError(
        'ERR_FRAME_SIZE',
        `Expected ${common.width}x${common.height} as the clip's first frame in ${file} but received ${size.width}x${size.height}`,
      );
    }
  }
  return { width: 0, height: 0, ...common, frames: files.length };
}
