/**
 * One file of a recording: pictures of one size, encoded as they come.
 */
import type { Frame } from '../frame/frame.js';
import { fillLaunchText, readLaunchText } from '../media/launch-text.js';
import { type RawVideo, rawVideo } from '../media/raw-video.js';
import { MediaFile } from './media-file.js';
import type { ResolvedRecordOptions } from './record-options.js';
import { encoderFormat, FRAGMENT_MS } from './video-encoding.js';

/** Rate assumed for the distance of key frames when none is told. */
const ASSUMED_FRAMES_PER_SECOND = 30;

/** A recording's file. */
export class RecordingFile extends MediaFile {
  /** Opens a file at a reserved path for pictures like `first`, whose PTS becomes 0; `first` itself is written by `write`. */
  constructor(path: string, first: Frame, options: ResolvedRecordOptions) {
    const { writeTimeoutMs, finishTimeoutMs } = options;
    const video = rawVideo(first.width, first.height, options.framesPerSecond ?? null, first.pixelAspect);
    const launch = launchText(path, video, options);
    super({ path, noun: 'recording', video, launch, originNs: first.ptsNs, writeTimeoutMs, finishTimeoutMs });
  }
}

function launchText(path: string, video: RawVideo, options: ResolvedRecordOptions): string {
  const fps = options.framesPerSecond ?? ASSUMED_FRAMES_PER_SECOND;
  return fillLaunchText(readLaunchText(`sink-record-${options.container}`), {
    path,
    ...encoderFormat(video),
    preset: options.preset,
    crf: options.crf,
    maxBitrateKbps: options.maxBitrateKbps,
    gopFrames: Math.max(1, Math.round(options.gopSeconds * fps)),
    ...(options.container === 'mp4' ? { fragmentMs: FRAGMENT_MS } : {}),
  });
}
