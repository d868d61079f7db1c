/**
 * One recording file: a media process that encodes and muxes pictures of one size.
 *
 *     write ─▶ GDP header + pixels ──pipe──▶ fdsrc ! gdpdepay … x264enc ! mux ! filesink
 *
 * The file is written as it grows and stays playable when either process is killed.
 */
import { rmSync, statSync } from 'node:fs';
import { LimpidError } from '../errors/limpid-error.js';
import type { Frame } from '../frame/frame.js';
import { gdpPictureBytes, gdpPictureHeader, gdpPrologue } from '../media/gdp-writer.js';
import { fillLaunchText, readLaunchText } from '../media/launch-text.js';
import { type MediaEnd, MediaProcess } from '../media/media-process.js';
import { type RawVideo, rawVideo } from '../media/raw-video.js';
import { Watchdog } from '../media/watchdog.js';
import type { ResolvedRecordOptions } from './record-options.js';

/** Rate assumed for the distance of key frames when none is told. */
const ASSUMED_FRAMES_PER_SECOND = 30;
/** Pictures of at least this height are HD: BT.709; smaller ones are BT.601, as every reader guesses. */
const HD_HEIGHT = 720;
/** Length of an MP4 fragment, ms: what a killed process may lose. */
const FRAGMENT_MS = 1_000;
/** How long the encoder may go on alone to finish its file when this process is killed, ms. */
const ORPHAN_MS = 5_000;

/** A file being written. */
export class RecordingFile {
  readonly path: string;
  readonly width: number;
  readonly height: number;
  readonly #options: ResolvedRecordOptions;
  readonly #video: RawVideo;
  readonly #process: MediaProcess;
  readonly #watchdog: Watchdog;
  readonly #firstPtsNs: bigint;
  #failure: LimpidError | null = null;
  #refuse: ((error: LimpidError) => void) | null = null;
  #closing: Promise<void> | null = null;

  /** Opens a file at a reserved path for pictures like `first`; `first` itself is written by `write`. */
  constructor(path: string, first: Frame, options: ResolvedRecordOptions) {
    this.path = path;
    this.width = first.width;
    this.height = first.height;
    this.#options = options;
    this.#video = rawVideo(first.width, first.height, options.framesPerSecond ?? null);
    this.#firstPtsNs = first.ptsNs;
    this.#watchdog = new Watchdog(() => this.#giveUp());
    this.#process = MediaProcess.start({ launch: launchText(path, this.#video, options), orphanMs: ORPHAN_MS });
    this.#process.media.write(gdpPrologue(this.#video));
    void this.#process.ended.then((end) => this.#onEnd(end));
  }

  /** Whether frames of this size go into this file. */
  takes(frame: Frame): boolean {
    return frame.width === this.width && frame.height === this.height;
  }

  /** Writes one frame, its PTS counted from the file's first. One at a time. Rejects with ERR_SINK_OPEN, ERR_SINK_WRITE. */
  write(frame: Frame): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) {
        reject(this.#failure);
        return;
      }
      this.#refuse = reject;
      this.#watchdog.hold(false);
      this.#watchdog.start(this.#options.writeTimeoutMs);
      const { media } = this.#process;
      media.write(gdpPictureHeader(this.#video, frame.ptsNs - this.#firstPtsNs, null));
      media.write(gdpPictureBytes(this.#video, frame.data), (error) => {
        // When the pipe breaks, the end of the process says why.
        if (error === null || error === undefined) {
          this.#watchdog.hold(true);
          this.#refuse = null;
          resolve();
        }
      });
    });
  }

  /** Ends the stream and waits until the file is finished. Rejects when it could not be. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#finish();
    return this.#closing;
  }

  async #finish(): Promise<void> {
    if (this.#failure !== null) {
      throw this.#failure;
    }
    const { finishTimeoutMs } = this.#options;
    this.#process.media.end();
    const deadline = setTimeout(() => {
      this.#failure ??= new LimpidError(
        'ERR_SINK_WRITE',
        `The recording ${this.path} was not finished within ${finishTimeoutMs} ms and was cut; raise finishTimeoutMs`,
      );
      this.#process.dispose();
    }, finishTimeoutMs);
    await this.#process.ended;
    clearTimeout(deadline);
    if (this.#failure !== null) {
      throw this.#failure;
    }
  }

  #onEnd(end: MediaEnd): void {
    this.#watchdog.stop();
    if (end.kind !== 'eos' || this.#closing === null) {
      this.#failure ??= this.#failureOf(end);
      this.#refuse?.(this.#failure);
      removeIfEmpty(this.path);
    }
  }

  #giveUp(): void {
    this.#failure ??= new LimpidError(
      'ERR_SINK_WRITE',
      `The recording ${this.path} took no frame for ${this.#options.writeTimeoutMs} ms and was given up; check the disk`,
    );
    this.#process.dispose();
  }

  #failureOf(end: MediaEnd): LimpidError {
    const said = end.kind === 'error' ? `${end.message}\n${end.debug}` : '';
    if (/no space left|disk quota|file too large/i.test(said)) {
      return this.#error('ERR_SINK_WRITE', 'ended because the disk is full; free some space', said);
    }
    if (/could not open file|permission denied|read-only file/i.test(said)) {
      return this.#error('ERR_SINK_OPEN', 'could not be opened for writing; check the folder', said);
    }
    const detail =
      end.kind === 'error'
        ? end.message
        : end.kind === 'crashed'
          ? `its media process died (${end.how})`
          : 'its media process ended too early';
    return this.#error('ERR_SINK_WRITE', `ended: ${detail}; "limpid doctor" checks GStreamer`, said);
  }

  #error(code: 'ERR_SINK_OPEN' | 'ERR_SINK_WRITE', sentence: string, cause: string): LimpidError {
    return new LimpidError(code, `The recording ${this.path} ${sentence}`, { cause: cause.trim() });
  }
}

function launchText(path: string, video: RawVideo, options: ResolvedRecordOptions): string {
  const fps = options.framesPerSecond ?? ASSUMED_FRAMES_PER_SECOND;
  return fillLaunchText(readLaunchText(`sink-record-${options.container}`), {
    path,
    cropRight: video.width % 2,
    cropBottom: video.height % 2,
    colorimetry: video.height >= HD_HEIGHT ? 'bt709' : 'bt601',
    preset: options.preset,
    crf: options.crf,
    maxBitrateKbps: options.maxBitrateKbps,
    gopFrames: Math.max(1, Math.round(options.gopSeconds * fps)),
    ...(options.container === 'mp4' ? { fragmentMs: FRAGMENT_MS } : {}),
  });
}

/** A file in which nothing was recorded is not left lying about. */
function removeIfEmpty(path: string): void {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isFile() === true && stat.size === 0) {
    rmSync(path, { force: true });
  }
}
