/**
 * One output being written: a media process that encodes and muxes pictures of one size.
 *
 *     write ─▶ GDP header + pixels ──pipe──▶ fdsrc ! gdpdepay … encoder ! mux ! file or network
 *     writeAudio ─▶ GDP packets ────pipe──▶ fdsrc ! gdpdepay …───────────┘   where there is audio
 */
import { type ErrorCode, LimpidError } from '../errors/limpid-error.js';
import type { EncodedPacket } from '../frame/audio.js';
import type { Frame } from '../frame/frame.js';
import { gdpPacketBytes } from '../media/gdp-packets.js';
import { gdpPictureBytes, gdpPictureHeader, gdpPrologue, gdpStreamPrologue } from '../media/gdp-writer.js';
import { type MediaEnd, MediaProcess } from '../media/media-process.js';
import type { RawVideo } from '../media/raw-video.js';
import { Watchdog } from '../media/watchdog.js';

/** Why an output ended: the rest of a sentence that begins with its name. */
export interface OutputFailure {
  readonly code: Extract<ErrorCode, 'ERR_SINK_OPEN' | 'ERR_SINK_WRITE'>;
  readonly sentence: string;
  /** What GStreamer said, without secrets. */
  readonly cause?: string;
}

/** What an output is made of. */
export interface MediaOutputPlan {
  /** How a sentence about it begins: 'The recording /a/b.mkv'. */
  readonly subject: string;
  readonly video: RawVideo;
  /** The pipeline, filled. */
  readonly launch: string;
  /** The frame time that is 0 in the output, ns. */
  readonly originNs: bigint;
  /** Caps of the audio packets; absent when there is no audio. */
  readonly audioCaps?: string;
  /** Where the pipeline is asked for key frames, and how far apart they are by the frames' times, ns; absent: its own affair. */
  readonly keys?: { readonly element: string; readonly everyNs: bigint };
  /** Longest wait for one frame to be taken, ms. */
  readonly writeTimeoutMs: number;
  /** Longest wait for the end, ms. */
  readonly finishTimeoutMs: number;
  /** Added to the environment of its process. */
  readonly environment?: Readonly<Record<string, string>>;
  /** What to check when it takes no more: 'the disk'. */
  readonly check: string;
  /** What the end of its process means. */
  readonly failureOf: (end: MediaEnd) => OutputFailure;
  /** Called once, before anyone hears of the failure. */
  readonly onFailure?: () => void;
}

/** How long the pipeline may go on alone to finish when this process is killed, ms. */
const ORPHAN_MS = 5_000;

/** An output being written. */
export class MediaOutput {
  readonly width: number;
  readonly height: number;
  readonly originNs: bigint;
  /** Caps of its audio; null when it has none. */
  readonly audioCaps: string | null;
  readonly #plan: MediaOutputPlan;
  readonly #process: MediaProcess;
  readonly #watchdog: Watchdog;
  #failure: LimpidError | null = null;
  #refuse: ((error: LimpidError) => void) | null = null;
  #closing: Promise<void> | null = null;
  #keyNs: bigint;

  constructor(plan: MediaOutputPlan) {
    this.width = plan.video.width;
    this.height = plan.video.height;
    this.originNs = plan.originNs;
    this.#keyNs = plan.originNs;
    this.audioCaps = plan.audioCaps ?? null;
    this.#plan = plan;
    this.#watchdog = new Watchdog(() => this.#giveUp());
    this.#process = MediaProcess.start({
      launch: plan.launch,
      environment: plan.environment ?? {},
      orphanMs: ORPHAN_MS,
      audio: plan.audioCaps !== undefined,
    });
    this.#process.media.write(gdpPrologue(plan.video));
    if (plan.audioCaps !== undefined) {
      this.#process.audio?.write(gdpStreamPrologue('limpid-audio', plan.audioCaps));
    }
    void this.#process.ended.then((end) => this.#onEnd(end));
  }

  /** Whether pictures of this size go into this output. */
  takes(frame: Frame): boolean {
    return frame.width === this.width && frame.height === this.height;
  }

  /** Writes one frame, its PTS counted from the origin. One at a time. Rejects with ERR_SINK_OPEN, ERR_SINK_WRITE. */
  async write(frame: Frame): Promise<void> {
    if (this.#failure !== null) {
      throw this.#failure;
    }
    this.#watchdog.hold(false);
    this.#watchdog.start(this.#plan.writeTimeoutMs);
    const { keys } = this.#plan;
    if (keys !== undefined && frame.ptsNs - this.#keyNs >= keys.everyNs) {
      this.#keyNs = frame.ptsNs;
      await this.#process.forceKey(keys.element);
    }
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) {
        reject(this.#failure);
        return;
      }
      this.#refuse = reject;
      const { media } = this.#process;
      const { video } = this.#plan;
      media.write(gdpPictureHeader(video, frame.ptsNs - this.originNs, null));
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
   * Hands an audio packet to the muxer; what lies before the beginning, a decoder's priming, comes at 0. Does not wait:
   * the muxer takes it when the video is as far, so the caller keeps no more than a little ahead of the video.
   */
  writeAudio(packet: EncodedPacket): void {
    const ptsNs = (packet.ptsNs ?? 0n) - this.originNs;
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

  /** Ends the streams and waits until the output is finished. Rejects when it could not be. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#finish();
    return this.#closing;
  }

  async #finish(): Promise<void> {
    if (this.#failure !== null) {
      throw this.#failure;
    }
    const { finishTimeoutMs, check } = this.#plan;
    this.endVideo();
    this.endAudio();
    const deadline = setTimeout(() => {
      this.#fail({
        code: 'ERR_SINK_WRITE',
        sentence: `was not finished within ${finishTimeoutMs} ms and was cut; raise finishTimeoutMs or check ${check}`,
      });
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
      this.#plan.onFailure?.();
      const failure = this.#fail(this.#plan.failureOf(end));
      this.#refuse?.(failure);
    }
  }

  #giveUp(): void {
    const { writeTimeoutMs, check } = this.#plan;
    this.#fail({
      code: 'ERR_SINK_WRITE',
      sentence: `took no frame for ${writeTimeoutMs} ms and was given up; check ${check}`,
    });
    this.#process.dispose();
  }

  /** The failure is the first that is known. */
  #fail({ code, sentence, cause }: OutputFailure): LimpidError {
    this.#failure ??= new LimpidError(code, `${this.#plan.subject} ${sentence}`, cause === undefined ? {} : { cause });
    return this.#failure;
  }
}

/** What a process said that ended an output, and the sentence for an end that nobody foresaw. */
export function unforeseen(end: MediaEnd): OutputFailure {
  const cause = end.kind === 'error' ? `${end.message}\n${end.debug}`.trim() : '';
  const detail =
    end.kind === 'error'
      ? end.message
      : end.kind === 'crashed'
        ? `its media process died (${end.how})`
        : 'its media process ended too early';
  return { code: 'ERR_SINK_WRITE', sentence: `ended: ${detail}; "limpid doctor" checks GStreamer`, cause };
}
