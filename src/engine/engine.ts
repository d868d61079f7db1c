/**
 * What restores a window of frames. Kinds differ in speed, never in what they compute.
 */
import type { Size } from '../edvr/geometry.js';
import type { Frame, RestoredFrame } from '../frame/frame.js';
import type { FrameWindow } from '../window/frame-window.js';
import type { PaddingMode } from '../window/padding.js';

/** What an engine is and does to a frame. */
export interface EngineSpec {
  /** 'onnxruntime', 'onnxruntime-plain', 'tensorrt', 'bypass'. */
  readonly kind: string;
  readonly model: string;
  /** Output size over input size. */
  readonly scale: number;
  /** Frames in a window, 2N+1. */
  readonly window: number;
  /** How the ends of a clip are padded, as the model was trained. */
  readonly padding: PaddingMode;
}

/** Restores windows of frames, one at a time. */
export interface Engine {
  readonly spec: EngineSpec;
  /** Ids of worker processes at the moment; absent where there are none. */
  readonly pids?: readonly number[];
  /**
   * Opens what frames of a size need, ahead of them; resolves when it is ready. Rejects with ERR_ENGINE, and with
   * ERR_ENGINE_LOST when the worker died. Absent where there is nothing to open.
   */
  open?(size: Size): Promise<void>;
  /** Lets a frame's feature pyramid be computed on arrival. A hint: `restore` computes what is missing. */
  prepare(stream: string, frame: Frame): void;
  /** Restores the reference of a window. Rejects with ERR_ENGINE, ERR_ENGINE_LOST or ERR_FRAME_SIZE; the engine lives on. */
  restore(stream: string, window: FrameWindow): Promise<RestoredFrame>;
  /**
   * How much of what the network adds to the upscaled frame is added in windows asked for from now on, 0–1; 1 at first.
   * Absent where nothing is added.
   */
  setStrength?(strength: number): void;
  /** Drops everything kept for a stream. */
  forget(stream: string): void;
  /** Frees the worker and its sessions. Idempotent. */
  dispose(): Promise<void>;
}
