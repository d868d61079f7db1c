/**
 * One file being written: a media process that encodes and muxes pictures of one size.
 *
 *     write ─▶ GDP header + pixels ──pipe──▶ fdsrc ! gdpdepay … x264enc ! mux ! filesink
 *     writeAudio ─▶ GDP packets ────pipe──▶ fdsrc ! gdpdepay …───────────┘   where there is audio
 *
 * The file is written as it grows and stays playable when either process is killed.
 */
import { rmSync, statSync } from 'node:fs';
import { LimpidError } from '../errors/limpid-error.js';
import type { Frame } from '../frame/frame.js';
import { type EncodedPacket, gdpPacketBytes } from '../media/gdp-packets.js';
import { gdpPictureBytes, gdpPictureHeader, gdpPrologue, gdpStreamPrologue } from '../media/gdp-writer.js';
import { type MediaEnd, MediaProcess } from '../media/media-process.js';
import type { RawVideo } from '../media/raw-video.js';
import { Watchdog } from '../media/watchdog.js';

/** What a file is made of. */
export interface MediaFilePlan {
  /** A reserved path. */
  readonly path: string;
  /** What to call it in a sentence: 'recording'. */
  readonly noun: string;
  readonly video: RawVideo;
  /** The pipeline, filled. */
  readonly launch: string;
  /** The frame time that is 0 in the file, ns. */
  readonly originNs: bigint;
  /** Caps of the audio packets; absent when there is no audio. */
  readonly audioCaps?: string;
  /** Longest wait for the encoder or disk to take one frame, ms. */
  readonly writeTimeoutMs: number;
  /** Longest wait for the file to be finished, ms. */
  readonly finishTimeoutMs: number;
}

/** How long the encoder may go on alone to finish its file when this process is killed, ms. */
const ORPHAN_MS = 5_000;

/** A file being written. */
export class MediaFile {
  readonly path: string;
  readonly width: number;
  readonly height: number;
  readonly #plan: MediaFilePlan;
  readonly #process: MediaProcess;
  readonly #watchdog: Watchdog;
  #failure: LimpidError | null = null;
  #refuse: ((error: LimpidError) => void) | null = null;
  #closing: Promise<void> | null = null;

  constructor(plan: MediaFilePlan) {
    this.path = plan.path;
    this.width = plan.video.width;
    this.height = plan.video.height;
    this.#plan = plan;
    this.#watchdog = new Watchdog(() => this.#giveUp());
    this.#process = MediaProcess.start({
      launch: plan.launch,
      orphanMs: ORPHAN_MS,
      audio: plan.audioCaps !== undefined,
    });
    this.#process.media.write(gdpPrologue(plan.video));
    if (plan.audioCaps !== undefined) {
      this.#process.audio?.write(gdpStreamPrologue('limpid-audio', plan.audioCaps));
    }
    void this.#process.ended.then((end) => this.#onEnd(end));
  }

  /** Whether frames of this size go into this file. */
  takes(frame: Frame): boolean {
    return frame.width === this.width && frame.height === this.height;
  }

  /** Writes one frame, its PTS counted from the file's origin. One at a time. Rejects with ERR_SINK_OPEN, ERR_SINK_WRITE. */
  write(frame: Frame): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) {
        reject(this.#failure);
        return;
      }
      this.#refuse = reject;
      this.#watchdog.hold(false);
      this.#watchdog.start(this.#plan.writeTimeoutMs);
      const { media } = this.#process;
      const { video, originNs } = this.#plan;
      media.write(gdpPictureHeader(video, frame.ptsNs - originNs, null));
      media.write(gdpPictureBytes(video, frame.data), (error) => {
        // When the pipe breaks, the end of the process says why.
        if (error === null || error === undefined) {
          this.#watchdog.hold(true);
          this.#refuse = null;
          resolve();
        }
      });
    });
  }

  /**
   * Hands an audio packet to the muxer; what lies before the file's beginning, a decoder's priming, comes at 0. Does not
   * wait: the muxer takes it when the video is as far, so the caller keeps no more than a little ahead of the video.
   */
  writeAudio(packet: EncodedPacket): void {
    const ptsNs = (packet.ptsNs ?? 0n) - this.#plan.originNs;
    this.#process.audio?.write(gdpPacketBytes({ ...packet, ptsNs: ptsNs < 0n ? 0n : ptsNs }));
  }

  /** Resolves when the muxer has taken most of the audio; once the video has ended it takes all. Rejects as `write` does. */
  async audioTaken(): Promise<void> {
    const { audio } = this.#process;
    if (this.#failure === null && audio?.writableNeedDrain === true) {
      const taken = new Promise((resolve) => audio.once('drain', resolve));
      await Promise.race([taken, this.#process.ended]);
    }
    if (this.#failure !== null) {
      throw this.#failure;
    }
  }

  /** No more pictures: the muxer waits for them no longer. */
  endVideo(): void {
    this.#process.media.end();
  }

  /** No more audio: the muxer waits for it no longer. */
  endAudio(): void {
    this.#process.audio?.end();
  }

  /** Ends the streams and waits until the file is finished. Rejects when it could not be. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#finish();
    return this.#closing;
  }

  async #finish(): Promise<void> {
    if (this.#failure !== null) {
      throw this.#failure;
    }
    const { finishTimeoutMs } = this.#plan;
    this.endVideo();
    this.endAudio();
    const deadline = setTimeout(() => {
      this.#fail(
        'ERR_SINK_WRITE',
        `was not finished within ${finishTimeoutMs} ms and was cut; raise finishTimeoutMs or check the disk`,
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
      const failure = this.#failure ?? this.#failureOf(end);
      this.#failure = failure;
      this.#refuse?.(failure);
      removeIfEmpty(this.path);
    }
  }

  #giveUp(): void {
    const { writeTimeoutMs } = this.#plan;
    this.#fail('ERR_SINK_WRITE', `took no frame for ${writeTimeoutMs} ms and was given up; check the disk`);
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

  #fail(code: 'ERR_SINK_OPEN' | 'ERR_SINK_WRITE', sentence: string): void {
    this.#failure ??= this.#error(code, sentence, '');
  }

  #error(code: 'ERR_SINK_OPEN' | 'ERR_SINK_WRITE', sentence: string, cause: string): LimpidError {
    return new LimpidError(code, `The ${this.#plan.noun} ${this.path} ${sentence}`, { cause: cause.trim() });
  }
}

/** A file in which nothing was recorded is not left lying about. */
function removeIfEmpty(path: string): void {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isFile() === true && stat.size === 0) {
    rmSync(path, { force: true });
  }
}
