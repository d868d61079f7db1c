/**
 * Plain upscaling, for machines and moments without room for a network: what a player would do, done well.
 */
import sharp from 'sharp';
import { LimpidError, messageOf } from '../errors/limpid-error.js';
import type { RestoredFrame } from '../frame/frame.js';
import type { FrameWindow } from '../window/frame-window.js';
import type { Engine, EngineSpec } from './engine.js';

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
    const data = await upscale(reference.data, reference, { width, height });
    const frame = { ...reference, width, height, data };
    return { frame, source: reference, timing: { waitMs, pyramidMs: 0, restoreMs: performance.now() - startMs } };
  }

  forget(): void {}

  async dispose(): Promise<void> {}
}

interface Size {
  readonly width: number;
  readonly height: number;
}

async function upscale(data: Uint8Array, from: Size, to: Size): Promise<Uint8Array> {
  if (from.width === to.width && from.height === to.height) {
    return data;
  }
  try {
    return await sharp(data, { raw: { width: from.width, height: from.height, channels: 3 } })
      .resize(to.width, to.height, { kernel: 'cubic', fit: 'fill' })
      .raw()
      .toBuffer();
  } catch (cause) {
    throw new LimpidError('ERR_ENGINE', `Upscaling ${from.width}x${from.height} failed: ${messageOf(cause)}`, {
      cause,
    });
  }
}
