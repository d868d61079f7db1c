/**
 * What the engine and its worker thread say to each other. Every ArrayBuffer in a message is transferred, never copied.
 *
 *     engine ── prepare (a frame) ─────────────────────────────▶ worker: pyramid, kept by (stream, seq)
 *     engine ── restore (seqs, frames not yet sent, output) ───▶ worker: missing pyramids, then the window
 *     engine ◀── restored (output, times, frame buffers to reuse) ── worker
 */

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
      /** Receives the restored picture, uint8 RGB (H, W, 3). */
      readonly output: ArrayBuffer;
    }
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
      /** Buffers of frames that were dropped, to be filled again. */
      readonly returned: readonly ArrayBuffer[];
    }
  | {
      readonly type: 'failed';
      readonly id: number;
      readonly message: string;
      readonly returned: readonly ArrayBuffer[];
    };
