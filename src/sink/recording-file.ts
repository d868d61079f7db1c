/**
 * One file of a recording: pictures of one size, encoded as they come, and the sound as it was.
 */
import type { Frame } from '../frame/frame.js';
import { fillLaunchText, readLaunchText } from '../media/launch-text.js';
import { encodingText, keysOf, videoFor } from './encoder.js';
import type { SoundOpening } from './live-sound.js';
import { MediaFile } from './media-file.js';
import type { ResolvedRecordOptions } from './record-options.js';
import { type Provenance, tagList } from './tags.js';
import { FRAGMENT_MS } from './video-encoding.js';

/** What a recording's file is made of. */
export interface RecordingFilePlan {
  /** A reserved path. */
  readonly path: string;
  /** Pictures are like this one, whose PTS becomes 0; it is itself written by `write`. */
  readonly first: Frame;
  readonly options: ResolvedRecordOptions;
  readonly provenance: Provenance;
  readonly sound: SoundOpening;
}

/** Opens a file. Rejects with ERR_SINK_OPEN when there is no encoder. */
export async function openRecordingFile(plan: RecordingFilePlan): Promise<MediaFile> {
  const { path, first, options, provenance, sound } = plan;
  const { container, writeTimeoutMs, finishTimeoutMs } = options;
  const video = videoFor(first, options);
  const encoded = await encodingText(video, options);
  const muxed = fillLaunchText(readLaunchText(`sink-${container}`), {
    path,
    tags: tagList(provenance),
    ...(container === 'mp4' ? { fragmentMs: FRAGMENT_MS } : {}),
  });
  return new MediaFile({
    path,
    noun: 'recording',
    container,
    video,
    launch: `${encoded} ${muxed} ${sound.launch}`.trim(),
    ...(sound.audioCaps === undefined ? {} : { audioCaps: sound.audioCaps }),
    originNs: first.ptsNs,
    keys: keysOf(options),
    writeTimeoutMs,
    finishTimeoutMs,
  });
}
