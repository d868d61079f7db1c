/**
 * The baseline of an evaluation in the shape of an engine: MATLAB's bicubic upscaling, one frame at a time.
 */
import type { Engine, EngineSpec } from '../engine/engine.js';
import type { RestoredFrame } from '../frame/frame.js';
import { imresize } from '../quality/imresize.js';
import type { FrameWindow } from '../window/frame-window.js';

/** Upscales the reference frame by `imresize`, on the calling thread: for measuring, not for live streams. */
export class BicubicEngine implements Engine {
  readonly spec: EngineSpec;

  /** @param scale output size over input size, an integer ≥ 1. */
  constructor(scale: number) {
    this.spec = { kind: 'bicubic', model: 'bicubic', scale, window: 1, padding: 'replicate' };
  }

  prepare(): void {}

  async restore(_stream: string, { reference }: FrameWindow): Promise<RestoredFrame> {
    const startMs = performance.now();
    const { width, height, data } = imresize({ ...reference, channels: 3 }, this.spec.scale);
    const frame = { ...reference, width, height, data };
    return { frame, source: reference, timing: { waitMs: 0, pyramidMs: 0, restoreMs: performance.now() - startMs } };
  }

  forget(): void {}

  async dispose(): Promise<void> {}
}
