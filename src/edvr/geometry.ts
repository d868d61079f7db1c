/**
 * Sizes along the network: the frame, what it is padded to, the features, the output.
 *
 *     frame (h, w) ─reflect─▶ padded, a multiple ─▶ L1 ─▶ L2 = L1/2 ─▶ L3 = L1/4      output = frame × scale
 */
import { LimpidError } from '../errors/limpid-error.js';
import { type EdvrOptions, outputScale } from './options.js';

/** Width and height in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** The sizes that follow from a frame's. */
export interface Geometry {
  readonly frame: Size;
  /** What the frame is padded to, at the bottom and right. */
  readonly padded: Size;
  /** Size of the finest features. */
  readonly l1: Size;
  readonly output: Size;
}

/** Largest side of a frame; beyond it shapes no longer fit what the engines index with. */
const MAX_SIDE = 16384;

/** Height and width inside the network are multiples of this: L1 is halved twice. */
export function sizeMultiple(options: EdvrOptions): number {
  return 4 * reduction(options);
}

/** Input size over the size of L1. */
export function reduction(options: EdvrOptions): number {
  return options.hrIn ? 4 : options.featureStride;
}

/** The sizes for one frame size. Throws ERR_FRAME_SIZE unless both sides are whole numbers from 1 to 16384. */
export function geometryOf(options: EdvrOptions, frame: Size): Geometry {
  for (const side of [frame.width, frame.height]) {
    if (!Number.isInteger(side) || side < 1 || side > MAX_SIDE) {
      const received = `${frame.width}x${frame.height}`;
      throw new LimpidError(
        'ERR_FRAME_SIZE',
        `Expected a frame of 1 to ${MAX_SIDE} pixels a side but received ${received}`,
      );
    }
  }
  const multiple = sizeMultiple(options);
  const padded = map(frame, (side) => Math.ceil(side / multiple) * multiple);
  return {
    frame,
    padded,
    l1: map(padded, (side) => side / reduction(options)),
    output: map(frame, (side) => side * outputScale(options)),
  };
}

function map(size: Size, change: (side: number) => number): Size {
  return { width: change(size.width), height: change(size.height) };
}
