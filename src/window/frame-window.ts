/**
 * What the window hands to the engine: 2N+1 frames around a reference.
 */
import type { Frame } from '../frame/frame.js';

/** 2N+1 frames in order of time; the ends of a clip are padded by repeating frames as the padding mode says. */
export interface FrameWindow {
  readonly reference: Frame;
  /** Length 2N+1; `frames[N]` is the reference. */
  readonly frames: readonly Frame[];
}
