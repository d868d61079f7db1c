/**
 * The recording sink: restored frames into Matroska or fragmented MP4 files, one file for each picture size.
 */
import { dirname } from 'node:path';
import { LimpidError } from '../errors/limpid-error.js';
import type { Frame } from '../frame/frame.js';
import { type RecordOptions, type ResolvedRecordOptions, recordOptionsSchema } from './record-options.js';
import { RecordingFile } from './recording-file.js';
import { type RecordingName, reserveRecording } from './recording-path.js';
import type { Sink } from './sink.js';

/** A recording. */
export interface Recorder extends Sink {
  /** Files written so far, the current one last. */
  readonly files: readonly string[];
}

/** What is recorded, and where: files in a folder, named by stream and time, or one file at a path. */
export type RecorderOptions =
  | (RecordOptions & { readonly stream?: string })
  | (Omit<RecordOptions, 'dir'> & { readonly path: string });

/**
 * Opens a recording. The first frame creates the file `<dir>/<stream>-YYYYMMDD-HHMMSS.mkv`, or the one at `path`; a frame of
 * another size finishes it and begins the next. No file is overwritten: a number goes behind a name that is taken. The PTS
 * of each file begin at 0 and keep their spacing.
 *
 * Throws ERR_CONFIG for options out of range. A failed recorder stays failed: every later write rejects with the same error.
 *
 * @example
 * const recorder = openRecorder({ dir: 'recordings', container: 'mp4', stream: 'gate' });
 * await recorder.write(frame);
 * await recorder.close();
 */
export function openRecorder(options: RecorderOptions): Recorder {
  if ('path' in options) {
    const { path, ...rest } = options;
    const settings = settingsOf({ ...rest, dir: dirname(path) });
    return new FileRecorder(`recording to ${path}`, { path }, settings);
  }
  const { stream = 'limpid', ...rest } = options;
  const settings = settingsOf(rest);
  const { dir, container } = settings;
  return new FileRecorder(`recording to ${dir}`, { dir, container, stream }, settings);
}

function settingsOf(options: RecordOptions): ResolvedRecordOptions {
  const parsed = recordOptionsSchema.safeParse(options);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new LimpidError('ERR_CONFIG', `Recording option ${issue?.path.join('.')}: ${issue?.message}`);
  }
  return parsed.data;
}

class FileRecorder implements Recorder {
  readonly label: string;
  readonly #name: RecordingName;
  readonly #options: ResolvedRecordOptions;
  readonly #files: string[] = [];
  #current: RecordingFile | null = null;
  #failure: unknown = null;
  #closed: Promise<void> | null = null;

  constructor(label: string, name: RecordingName, options: ResolvedRecordOptions) {
    this.label = label;
    this.#name = name;
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
    const path = reserveRecording(this.#name, new Date());
    this.#current = new RecordingFile(path, frame, this.#options);
    this.#files.push(path);
    return this.#current;
  }
}
