/**
 * Plain upscaling, for machines and moments without room for a network: what a player would do, done well.
 */
import type { RestoredFrame } from '../frame/frame.js';
import type { FrameWindow } from '../window/frame-window.js';
import type { Engine, EngineSpec } from './engine.js';
import { upscale } from './upscale.js';

/** Bicubic upscaling of the reference frame (sharp, on a library thread); keeps nothing between frames. */
export class BypassEngine implements Engine {
  readonly spec: EngineSpec;

  /** @param scale output size over input size, an integer ≥ 1 */
  constructor(scale: number) {
    this.spec = { kind: 'bypass', model: 'bypass', scale, window: 1, padding: 'replicate' };
  }

  prepare(): void {}

  async restore(_stream: string, { reference }: FrameWindow): Promise<RestoredFrame> {
    const waitMs = Date.now() - reference.captureTimeMs;
    const startMs = performance.now();
    const width = reference.width * this.spec.scale;
    const height = reference.height * this.spec.scale;
    const data = await upscale(reference, { width, height });
    const frame = { ...reference, width, height, data };
    return { frame, source: reference, timing: { waitMs, pyramidMs: 0, restoreMs: performance.now() - startMs } };
  }

  forget(): void {}

  async dispose(): Promise<void> {}
}
