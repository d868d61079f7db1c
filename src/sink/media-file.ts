/**
 * One file being written. It is written as it grows and stays playable when either process is killed.
 */
import { existsSync, rmSync, statSync } from 'node:fs';
import { audioCodecOf } from '../media/audio-codec.js';
import type { MediaEnd } from '../media/media-process.js';
import { mendOpusNumbers } from '../media/mp4-opus.js';
import { MediaOutput, type MediaOutputPlan, type OutputFailure, unforeseen } from './media-output.js';

/** What a file is made of. */
export interface MediaFilePlan extends Omit<MediaOutputPlan, 'subject' | 'check' | 'failureOf' | 'onFailure'> {
  /** A reserved path. */
  readonly path: string;
  /** What to call it in a sentence: 'recording'. */
  readonly noun: string;
  readonly container: 'matroska' | 'mp4';
}

/** A file being written. */
export class MediaFile extends MediaOutput {
  readonly path: string;
  readonly #hasMp4Opus: boolean;
  #mended: Promise<void> | undefined;

  constructor({ path, noun, container, ...plan }: MediaFilePlan) {
    super({
      ...plan,
      subject: `The ${noun} ${path}`,
      check: 'the disk',
      failureOf: fileFailure,
      onFailure: () => removeIfEmpty(path),
    });
    this.path = path;
    this.#hasMp4Opus = container === 'mp4' && audioCodecOf(plan.audioCaps ?? '')?.name === 'Opus';
  }

  override close(): Promise<void> {
    this.#mended ??= super.close().then(() => this.#mend());
    return this.#mended;
  }

  async #mend(): Promise<void> {
    if (this.#hasMp4Opus && existsSync(this.path)) {
      await mendOpusNumbers(this.path);
    }
  }
}

function fileFailure(end: MediaEnd): OutputFailure {
  const failure = unforeseen(end);
  const cause = failure.cause ?? '';
  if (/no space left|disk quota|file too large/i.test(cause)) {
    return { code: 'ERR_SINK_WRITE', sentence: 'ended because the disk is full; free some space', cause };
  }
  if (/could not open file|permission denied|read-only file/i.test(cause)) {
    return { code: 'ERR_SINK_OPEN', sentence: 'could not be opened for writing; check the folder', cause };
  }
  return failure;
}

/** A file in which nothing was recorded is not left lying about. */
export function removeIfEmpty(path: string): void {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isFile() === true && stat.size === 0) {
    rmSync(path, { force: true });
  }
}
