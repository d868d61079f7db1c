/**
 * A clip as the output of `restore`: frames to the encoder, the input's audio packets beside them.
 *
 *     restored ──▶ x264 ─▶ mux ─▶ file
 *     audio track ─ packets up to a second ahead of the video ─▲
 *
 * The muxer needs a packet of each stream to go on: the audio is always written ahead of the picture, never after it, and
 * over a gap by the one packet behind it.
 */
import { existsSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { LimpidError, messageOf } from '../errors/limpid-error.js';
import type { Picture } from '../frame/frame.js';
import { rawVideo } from '../media/raw-video.js';
import { type ClipContainer, requireCarried } from '../sink/clip-audio.js';
import { openClipFile } from '../sink/clip-file.js';
import type { MediaFile } from '../sink/media-file.js';
import { reserveFile } from '../sink/reserve-file.js';
import type { AudioTrack } from '../source/audio-track.js';
import type { RestoreOutput } from './restore-output.js';
import { sizeText } from './size.js';

/** How far the audio goes ahead of the video, ns. */
const LEAD_NS = 1_000_000_000n;

/** How long the one picture of a clip is shown, ns. */
const ONE_PICTURE_NS = 40_000_000n;

/** What a clip is made of. It takes over the track and closes it. */
export interface ClipOptions {
  readonly path: string;
  readonly container: ClipContainer;
  readonly crf: number;
  readonly track: AudioTrack | null;
  /** Replace a file of that name, once there is a picture to write. */
  readonly overwrite: boolean;
}

/** Reserves the file. Throws ERR_SINK_OPEN when it can't be made, or when its container does not take the audio. */
export function openClipOutput(options: ClipOptions): RestoreOutput {
  if (options.track !== null) {
    requireCarried(options.track.caps, options.container);
  }
  const { path, overwrite } = options;
  if (overwrite && existsSync(path)) {
    return new ClipOutput(options, path, reserveFile(join(dirname(path), `.${basename(path)}.part`)));
  }
  const reserved = reserveFile(path);
  return new ClipOutput(options, reserved, reserved);
}

class ClipOutput implements RestoreOutput {
  readonly audio: boolean;
  readonly #options: ClipOptions;
  readonly #path: string;
  /** An empty file: of the clip's name or, where an old clip has that until the first picture, beside it. */
  #reserved: string;
  readonly #track: AudioTrack | null;
  #file: MediaFile | null = null;
  /** The first picture waits for the second: their distance tells how long the last one is shown. */
  #first: { readonly ptsNs: bigint; readonly picture: Picture } | null = null;
  /** Time of the last audio packet written, ns. */
  #audioNs: bigint | null = null;
  #audioEnded = false;
  #closed: Promise<void> | undefined;

  constructor(options: ClipOptions, path: string, reserved: string) {
    this.#options = options;
    this.#path = path;
    this.#reserved = reserved;
    this.#track = options.track;
    this.audio = options.track !== null;
  }

  has(): boolean {
    return false;
  }

  async write(index: number, ptsNs: bigint, picture: Picture): Promise<void> {
    if (this.#file === null && this.#first === null) {
      this.#first = { ptsNs, picture: { ...picture, data: picture.data.slice() } };
      return;
    }
    const file = this.#file ?? (await this.#begin(ptsNs));
    if (file !== null) {
      await this.#put(file, index, ptsNs, picture);
    }
  }

  /** Opens the file with the picture that waits, shown until `nextNs`; null where none does. */
  async #begin(nextNs: bigint | null): Promise<MediaFile | null> {
    const first = this.#first;
    this.#first = null;
    if (first === null) {
      return null;
    }
    const { ptsNs, picture } = first;
    const file = this.#open(picture, nextNs === null ? ONE_PICTURE_NS : nextNs - ptsNs);
    this.#file = file;
    await this.#put(file, 0, ptsNs, picture);
    return file;
  }

  async #put(file: MediaFile, index: number, ptsNs: bigint, picture: Picture): Promise<void> {
    if (file.width !== picture.width || file.height !== picture.height) {
      throw new LimpidError(
        'ERR_FRAME_SIZE',
        `Expected ${sizeText(file)} in ${this.#path} but frame ${index} is ${sizeText(picture)}: a clip has one size; write a folder of PNGs instead`,
      );
    }
    await this.#carryAudio(file, ptsNs + LEAD_NS);
    await file.write({ ...picture, seq: index, session: 0, ptsNs, captureTimeMs: 0, discontinuity: index === 0 });
  }

  close(complete: boolean): Promise<void> {
    this.#closed ??= this.#finish(complete);
    return this.#closed;
  }

  async #finish(complete: boolean): Promise<void> {
    try {
      const file = this.#file ?? (await this.#begin(null));
      if (file === null) {
        rmSync(this.#reserved, { force: true });
        return;
      }
      if (complete) {
        file.endVideo();
        await this.#carryAudio(file, null);
      }
    } finally {
      this.#track?.dispose();
      await this.#file?.close();
    }
  }

  #open({ width, height, pixelAspect }: Picture, pictureNs: bigint): MediaFile {
    const { crf, container, track } = this.#options;
    this.#replaceOld();
    return openClipFile({
      path: this.#path,
      container,
      crf,
      video: rawVideo(width, height, null, pixelAspect),
      pictureNs,
      ...(track === null ? {} : { audioCaps: track.caps }),
    });
  }

  /** The old clip is gone only here, where nothing is left that could refuse the new one. */
  #replaceOld(): void {
    if (this.#reserved === this.#path) {
      return;
    }
    try {
      renameSync(this.#reserved, this.#path);
      this.#reserved = this.#path;
    } catch (cause) {
      rmSync(this.#reserved, { force: true });
      throw new LimpidError(
        'ERR_SINK_OPEN',
        `Expected a clip that can be replaced at ${this.#path} but received "${messageOf(cause)}"; choose another name`,
        { cause },
      );
    }
  }

  /** Writes audio until it has passed `untilNs`; all of it when that is null. */
  async #carryAudio(file: MediaFile, untilNs: bigint | null): Promise<void> {
    while (this.#track !== null && !this.#audioEnded) {
      if (untilNs !== null && this.#audioNs !== null && this.#audioNs >= untilNs) {
        return;
      }
      const packet = await this.#track.next();
      if (packet === null) {
        this.#audioEnded = true;
        file.endAudio();
        return;
      }
      // Where packets have no duration, the last one's would be 0, and MP4 would end before it: a step is the guess.
      const stepNs = packet.ptsNs === null || this.#audioNs === null ? null : packet.ptsNs - this.#audioNs;
      this.#audioNs = packet.ptsNs;
      file.writeAudio({ ...packet, durationNs: packet.durationNs ?? stepNs });
      if (untilNs === null) {
        await file.audioTaken();
      }
    }
  }
}
