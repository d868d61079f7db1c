/**
 * Plain upscaling, for machines and moments without room for a network: what a player would do, done well.
 */
import type { RestoredFrame } from '../frame/frame.js';
import type { FrameWindow } from '../window/frame-window.js';
import type { Engine, EngineSpec } from './engine.js';
import { upscaledFrame } from './upscale.js';

/** Bicubic upscaling of the reference frame (sharp, on a library thread); keeps nothing between frames. */
export class BypassEngine implements Engine {
  readonly spec: EngineSpec;

  /** @param scale output size over input size, an integer ≥ 1 */
  constructor(scale: number) {
    this.spec = { kind: 'bypass', model: 'bypass', scale, window: 1, padding: 'replicate' };
  }

  prepare(): void {}

  restore(_stream: string, { reference }: FrameWindow): Promise<RestoredFrame> {
    return upscaledFrame(reference, this.spec.scale);
  }

  forget(): void {}

  async dispose(): Promise<void> {}
}
