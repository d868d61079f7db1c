/**
 * A restored clip: H.264 for keeping and the audio as it was, in one file whose times are the input's.
 */
import { fillLaunchText, readLaunchText } from '../media/launch-text.js';
import type { RawVideo } from '../media/raw-video.js';
import { audioSinkText } from './audio-carriage.js';
import { type ClipContainer, requireCarried } from './clip-audio.js';
import { MediaFile } from './media-file.js';
import { encoderFormat, FRAGMENT_MS } from './video-encoding.js';

/** What a clip's file is made of. */
export interface ClipFileOptions {
  /** A reserved path. */
  readonly path: string;
  readonly container: ClipContainer;
  readonly video: RawVideo;
  /** x264 quality: 0 is lossless, 18 looks so, 28 is coarse. */
  readonly crf: number;
  /** How long the last picture is shown, ns: the muxer learns of the others by their times. */
  readonly pictureNs: bigint;
  /** Caps of the audio packets; absent when there is no audio. */
  readonly audioCaps?: string;
}

/** x264's own balance: the network takes far longer than the encoder. */
const PRESET = 'medium';
/** Frames from one key frame to the next at most: a player finds its place within seconds. */
const GOP_FRAMES = 120;
/** The encoder looks ahead and a slow disk may stall; longer than this is a failure, ms. */
const WRITE_TIMEOUT_MS = 120_000;
/** The encoder's look-ahead has to be encoded and an MP4's index to be written, ms. */
const FINISH_TIMEOUT_MS = 300_000;

/** Opens a clip's file; times are written as they are. Throws ERR_SINK_OPEN for audio that the container does not take. */
export function openClipFile(options: ClipFileOptions): MediaFile {
  const { path, container, video, crf, pictureNs, audioCaps } = options;
  const picture = fillLaunchText(readLaunchText(`sink-clip-${container}`), {
    path,
    ...encoderFormat(video),
    preset: PRESET,
    crf,
    gopFrames: GOP_FRAMES,
    milliFramesPerSecond: Math.max(1, Math.round(1e12 / Number(pictureNs))),
    ...(container === 'mp4' ? { fragmentMs: FRAGMENT_MS } : {}),
  });
  if (audioCaps !== undefined) {
    requireCarried(audioCaps, container);
  }
  const audio = audioCaps === undefined ? '' : audioSinkText(audioCaps, container);
  return new MediaFile({
    path,
    noun: 'clip',
    container,
    video,
    launch: `${picture} ${audio}`.trim(),
    originNs: 0n,
    ...(audioCaps === undefined ? {} : { audioCaps }),
    writeTimeoutMs: WRITE_TIMEOUT_MS,
    finishTimeoutMs: FINISH_TIMEOUT_MS,
  });
}
