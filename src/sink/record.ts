/**
 * The recording sink: pictures and sound into Matroska or fragmented MP4 files, one after the other.
 *
 *     frames ──▶ file 1 ──▶ file 2 …      the next begins at a size or time limit, at another picture size, after a failure;
 *                  └ finished beside it, while the next is written
 */
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { LimpidError, messageOf } from '../errors/limpid-error.js';
import type { AudioSlice } from '../frame/audio.js';
import type { Frame } from '../frame/frame.js';
import { LiveSound } from './live-sound.js';
import { type MediaFile, removeIfEmpty } from './media-file.js';
import { type RecordOptions, type ResolvedRecordOptions, recordOptionsSchema } from './record-options.js';
import { openRecordingFile } from './recording-file.js';
import { reserveFile } from './reserve-file.js';
import type { Sink } from './sink.js';
import { Storage } from './storage.js';
import type { Provenance } from './tags.js';

/** A recording. */
export interface Recorder extends Sink {
  /** The last hundred files, the current one last. */
  readonly files: readonly string[];
}

/** What is known of a recording's pictures, and who hears of its troubles. */
export interface RecorderContext {
  /** Default: the stream "limpid", restored by nothing that is named. */
  readonly provenance?: Provenance;
  /** Told of what fails beside the writing: a file that could not be finished, an old one that could not be deleted. */
  readonly onTrouble?: (error: LimpidError) => void;
}

/** What is recorded, and where: files in a folder, named by stream and time, or one file at a path. */
export type RecorderOptions = RecordOptions | (Omit<RecordOptions, 'dir'> & { readonly path: string });

const EXTENSIONS = { matroska: '.mkv', mp4: '.mp4' } as const;
const UNNAMED: Provenance = { stream: 'limpid', view: 'restored', models: [] };
const NS_PER_SECOND = 1e9;
const BYTES_PER_MEGABYTE = 1e6;
/** Time between two looks at the size of the file, ms. */
const LOOK_MS = 1_000;
const FILES_KEPT = 100;
/** A file is not in a hurry: its muxer may wait this long for sound, ms. */
const SOUND_PATIENCE_MS = 3_000;

/**
 * Opens a recording. The first frame creates the file `<dir>/<stream>-YYYYMMDD-HHMMSS.mkv`, or the one at `path`; a frame of
 * another size finishes it and begins the next, as a limit of time or size does. No file is overwritten: a number goes
 * behind a name that is taken. The PTS of each file begin at 0 and keep their spacing.
 *
 * Throws ERR_CONFIG for options out of range. A write that rejects has lost its frame; the next one begins a new file.
 *
 * @example
 * const recorder = openRecorder({ dir: 'recordings', container: 'mp4', segmentSeconds: 600, keepHours: 48 });
 * await recorder.write(frame);
 * await recorder.close();
 */
export function openRecorder(options: RecorderOptions, context: RecorderContext = {}): Recorder {
  const { provenance = UNNAMED, onTrouble = () => undefined } = context;
  if ('path' in options) {
    const { path, ...rest } = options;
    const settings = settingsOf({ ...rest, dir: dirname(path) });
    return new FileRecorder({ label: `recording to ${path}`, path, settings, provenance, onTrouble });
  }
  const settings = settingsOf(options);
  return new FileRecorder({ label: `recording to ${settings.dir}`, settings, provenance, onTrouble });
}

function settingsOf(options: RecordOptions): ResolvedRecordOptions {
  const parsed = recordOptionsSchema.safeParse(options);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new LimpidError('ERR_CONFIG', `Recording option ${issue?.path.join('.')}: ${issue?.message}`);
  }
  return parsed.data;
}

interface FileRecorderPlan extends Required<RecorderContext> {
  readonly label: string;
  /** The one file that is asked for; else files are named by the settings. */
  readonly path?: string;
  readonly settings: ResolvedRecordOptions;
}

class FileRecorder implements Recorder {
  readonly label: string;
  readonly view: Provenance['view'];
  readonly files: string[] = [];
  readonly #plan: FileRecorderPlan;
  readonly #storage: Storage;
  readonly #sound: LiveSound;
  #current: MediaFile | null = null;
  #currentBytes = 0;
  #lookedMs = 0;
  /** The file before, being finished. */
  #finishing: { readonly path: string; readonly done: Promise<void> } | null = null;
  #closed: Promise<void> | null = null;

  constructor(plan: FileRecorderPlan) {
    const { label, settings, provenance, onTrouble } = plan;
    this.label = label;
    this.view = provenance.view;
    this.#plan = plan;
    const name = provenance.view === 'source' ? `${provenance.stream}-source` : provenance.stream;
    this.#storage = new Storage(settings, name, EXTENSIONS[settings.container]);
    this.#sound = new LiveSound({
      label,
      carrier: settings.container,
      patienceMs: SOUND_PATIENCE_MS,
      warn: (sentence) => onTrouble(new LimpidError('ERR_SINK_OPEN', sentence)),
    });
  }

  async write(frame: Frame, audio?: AudioSlice): Promise<void> {
    if (this.#closed !== null) {
      throw new LimpidError('ERR_SINK_WRITE', `The ${this.label} is closed and takes no more frames`);
    }
    await this.#ensureRoom();
    const file = await this.#fileFor(frame, audio);
    try {
      await file.write(frame);
    } catch (error) {
      this.#current = null;
      throw error;
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#finishAll();
    return this.#closed;
  }

  async #finishAll(): Promise<void> {
    await this.#finishing?.done;
    await this.#current?.close();
  }

  /** A full disk finishes the file while that can still be written. */
  async #ensureRoom(): Promise<void> {
    try {
      await this.#storage.ensureRoom(this.#open());
    } catch (error) {
      await this.#finish(this.#current);
      throw error;
    }
  }

  async #fileFor(frame: Frame, audio: AudioSlice | undefined): Promise<MediaFile> {
    const current = this.#current;
    if (current !== null) {
      this.#sound.write(current, frame, audio);
      const goesOn = current.takes(frame) && !this.#sound.wantsRenewal(current, frame, audio);
      if (goesOn && !(await this.#isFull(current, frame))) {
        return current;
      }
      await this.#finish(current);
    }
    return this.#begin(frame, audio);
  }

  async #begin(first: Frame, audio: AudioSlice | undefined): Promise<MediaFile> {
    const { path, settings, provenance, onTrouble } = this.#plan;
    const reserved = path === undefined ? this.#storage.reserve(new Date()) : reserveFile(path);
    const sound = this.#sound.opening(audio);
    const plan = { path: reserved, first, options: settings, provenance, sound };
    const file = await openRecordingFile(plan).catch((error) => {
      removeIfEmpty(reserved);
      throw error;
    });
    this.#current = file;
    this.#sound.begin(file, first);
    this.#currentBytes = 0;
    this.files.push(reserved);
    if (this.files.length > FILES_KEPT) {
      this.files.shift();
    }
    if (path === undefined) {
      this.#storage.deleteExpired(this.#open()).catch((error: unknown) => onTrouble(asLimpidError(error)));
    }
    return file;
  }

  /** Lets a file be finished while the next one is written; waits for the one before. */
  async #finish(file: MediaFile | null): Promise<void> {
    this.#current = null;
    if (file !== null) {
      await this.#finishing?.done;
      const { path } = file;
      const done = file
        .close()
        .catch((error: unknown) => this.#plan.onTrouble(asLimpidError(error)))
        .then(() => {
          this.#finishing = this.#finishing?.path === path ? null : this.#finishing;
        });
      this.#finishing = { path, done };
    }
  }

  async #isFull(file: MediaFile, frame: Frame): Promise<boolean> {
    const { segmentSeconds, segmentMegabytes } = this.#plan.settings;
    if (segmentSeconds !== undefined && Number(frame.ptsNs - file.originNs) >= segmentSeconds * NS_PER_SECOND) {
      return true;
    }
    if (segmentMegabytes === undefined) {
      return false;
    }
    const nowMs = Date.now();
    if (nowMs - this.#lookedMs >= LOOK_MS) {
      this.#lookedMs = nowMs;
      this.#currentBytes = (await stat(file.path).catch(() => null))?.size ?? 0;
    }
    return this.#currentBytes >= segmentMegabytes * BYTES_PER_MEGABYTE;
  }

  #open(): ReadonlySet<string> {
    return new Set([this.#current?.path ?? '', this.#finishing?.path ?? '']);
  }
}

function asLimpidError(error: unknown): LimpidError {
  return error instanceof LimpidError ? error : new LimpidError('ERR_SINK_WRITE', messageOf(error), { cause: error });
}
