/**
 * The recording sink: restored frames into Matroska or fragmented MP4 files, one file for each picture size.
 */
import { LimpidError } from '../errors/limpid-error.js';
import type { Frame } from '../frame/frame.js';
import { type RecordOptions, type ResolvedRecordOptions, recordOptionsSchema } from './record-options.js';
import { RecordingFile } from './recording-file.js';
import { reserveRecording } from './recording-path.js';
import type { Sink } from './sink.js';

/** A recording. */
export interface Recorder extends Sink {
  /** Files written so far, the current one last. */
  readonly files: readonly string[];
}

/**
 * Opens a recording. The first frame creates the file `<dir>/<stream>-YYYYMMDD-HHMMSS.mkv`; a frame of another size finishes
 * it and begins the next. The PTS of each file begin at 0 and keep their spacing.
 *
 * Throws ERR_CONFIG for options out of range. A failed recorder stays failed: every later write rejects with the same error.
 *
 * @example
 * const recorder = openRecorder({ dir: 'recordings', container: 'mp4', stream: 'gate' });
 * await recorder.write(frame);
 * await recorder.close();
 */
export function openRecorder(options: RecordOptions & { readonly stream?: string }): Recorder {
  const { stream = 'limpid', ...rest } = options;
  const parsed = recordOptionsSchema.safeParse(rest);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new LimpidError('ERR_CONFIG', `Recording option ${issue?.path.join('.')}: ${issue?.message}`);
  }
  return new FileRecorder(stream, parsed.data);
}

class FileRecorder implements Recorder {
  readonly label: string;
  readonly #stream: string;
  readonly #options: ResolvedRecordOptions;
  readonly #files: string[] = [];
  #current: RecordingFile | null = null;
  #failure: unknown = null;
  #closed: Promise<void> | null = null;

  constructor(stream: string, options: ResolvedRecordOptions) {
    this.label = `recording to ${options.dir}`;
    this.#stream = stream;
    this.#options = options;
  }

  get files(): readonly string[] {
    return this.#files;
  }

  async write(frame: Frame): Promise<void> {
    if (this.#closed !== null) {
      throw new LimpidError('ERR_SINK_WRITE', `The ${this.label} is closed and takes no more frames`);
    }
    if (this.#failure !== null) {
      throw this.#failure;
    }
    try {
      const file = await this.#fileFor(frame);
      await file.write(frame);
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#current?.close() ?? Promise.resolve();
    return this.#closed;
  }

  async #fileFor(frame: Frame): Promise<RecordingFile> {
    if (this.#current?.takes(frame) === true) {
      return this.#current;
    }
    await this.#current?.close();
    const { dir, container } = this.#options;
    const path = reserveRecording({ dir, container, stream: this.#stream }, new Date());
    this.#current = new RecordingFile(path, frame, this.#options);
    this.#files.push(path);
    return this.#current;
  }
}
