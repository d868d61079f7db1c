/**
 * What `limpid restore` is asked, what it needs from outside, and what it tells.
 */
import type { Engine } from '../engine/engine.js';
import type { RestoreView } from './restore-view.js';

/** Options of `restore`. */
export interface RestoreOptions {
  /** A video file, a folder of PNG or JPEG pictures, or one picture. */
  readonly input: string;
  /** `.mkv`, `.mp4`, a folder, or `.png` for one picture. */
  readonly output: string;
  readonly model: string;
  /** Passes of the engine that is opened, where it takes several: frames of other passes are other frames. */
  readonly selfEnsemble?: number | undefined;
  /** Default 'restored'. */
  readonly view?: RestoreView | undefined;
  /** Write over an output that exists; default false. A folder that was begun is gone on with. */
  readonly overwrite?: boolean | undefined;
  /** Whether windows end at scene cuts; default true. */
  readonly sceneCuts?: boolean | undefined;
  /** Whether audio is kept; default true. */
  readonly audio?: boolean | undefined;
  /** Frames a second of a folder of pictures; default 25. */
  readonly fps?: number | undefined;
  /** x264 quality of a clip, 0 lossless to 50; default 16. */
  readonly crf?: number | undefined;
}

/** How far a restoration is. */
export interface RestoreProgress {
  /** Frames written, or found there. */
  readonly done: number;
  /** Of which were found there. */
  readonly found: number;
  /** All frames, where that is known. */
  readonly total: number | null;
  /** Share of the whole, 0 … 1, where that is known. */
  readonly share: number | null;
}

/** What `restore` needs from outside. */
export interface RestoreDeps {
  /** Opens a model by name, once a stage; restore disposes of its engine. */
  readonly openEngine: (model: string) => Promise<Engine>;
  /** sha256 of a model's weights; null where it has none of its own. */
  readonly weightsOf: (model: string) => Promise<string | null>;
  /** Ends the work early, leaving what is done. */
  readonly signal?: AbortSignal;
  /** Called after every frame. */
  readonly onProgress?: (progress: RestoreProgress) => void;
  /** Something the person should know, in a sentence. */
  readonly onNote?: (sentence: string) => void;
}

/** What became of it. */
export interface RestoreResult extends RestoreProgress {
  /** Ended by the signal before the last frame. */
  readonly interrupted: boolean;
  /** Whether audio was kept. */
  readonly audio: boolean;
}
