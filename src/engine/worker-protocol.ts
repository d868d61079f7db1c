/**
 * What the engine and its worker thread say to each other. Every ArrayBuffer in a message is transferred, never copied.
 *
 *     engine ── prepare (a frame) ─────────────────────────────▶ worker: pyramid, kept by (stream, seq)
 *     engine ── restore (seqs, frames not yet sent, output) ───▶ worker: missing pyramids, then the window
 *     engine ── strength, forget, close ───────────────────────▶ worker
 *     engine ◀── restored (output, times, frame buffers to reuse) ── worker
 */

import type { OffsetFault, OffsetReport } from '../edvr/offset-watch.js';

/** What was seen of the offsets of a window. */
export interface OffsetsSeen {
  /** Set when they are not usable: the output is the upscaled reference instead. */
  readonly fault?: OffsetFault;
  /** How far they fetch features from, in pixels of the frame; 0 unless the worker was told to report it. */
  readonly reach: number;
}

/** What a worker restores: one model at one frame size. */
export interface WorkerSetup {
  readonly model: string;
  readonly modelsDir: string | undefined;
  readonly width: number;
  readonly height: number;
  /** Threads of onnxruntime within one operator. */
  readonly threads: number;
  /** Whether pyramids carry the halves of the first offset convolutions; without them the network is as the paper draws it. */
  readonly incremental: boolean;
  /** Element type of restored pictures; float32 is before clamp and rounding. */
  readonly output: 'uint8' | 'float32';
  readonly offsets: OffsetReport;
  /**
   * Whether memory goes back to the system after every run: slower, but a run takes what it needs once. Kept memory is
   * taken twice, as onnxruntime's arena first grows by pieces and then takes all of a run's plan in one.
   */
  readonly sparing: boolean;
}

/** A low-resolution picture on its way into the worker: uint8 RGB (h, w, 3). */
export interface FrameUpload {
  readonly seq: number;
  readonly data: ArrayBuffer;
}

export type WorkerRequest =
  | { readonly type: 'prepare'; readonly stream: string; readonly upload: FrameUpload }
  | {
      readonly type: 'restore';
      readonly id: number;
      readonly stream: string;
      /** Seqs of the window, in order of time; the reference is in the middle. Older frames of the stream are dropped. */
      readonly seqs: readonly number[];
      readonly uploads: readonly FrameUpload[];
      /** Receives the restored picture, RGB (H, W, 3). */
      readonly output: ArrayBuffer;
    }
  /** How much of what the network adds is added from now on, 0–1. */
  | { readonly type: 'strength'; readonly strength: number }
  | { readonly type: 'forget'; readonly stream: string }
  | { readonly type: 'close' };

export type WorkerReply =
  | { readonly type: 'ready' }
  | { readonly type: 'refused'; readonly message: string }
  | {
      readonly type: 'restored';
      readonly id: number;
      readonly output: ArrayBuffer;
      readonly pyramidMs: number;
      readonly restoreMs: number;
      readonly offsets: OffsetsSeen;
      /** Buffers of frames that were dropped, to be filled again. */
      readonly returned: readonly ArrayBuffer[];
    }
  | {
      readonly type: 'failed';
      readonly id: number;
      readonly message: string;
      readonly returned: readonly ArrayBuffer[];
    };
