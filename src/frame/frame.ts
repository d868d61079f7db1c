/**
 * A picture on its way through Limpid, with the place it has in its stream.
 *
 *     source ─▶ DecodedFrame ─▶ (stream clock, seq) ─▶ Frame ─▶ window ─▶ engine ─▶ RestoredFrame ─▶ sinks
 */
import type { Lease } from './lease.js';

/** Pixel layouts a frame may have. Consumers switch on it exhaustively; I420 and NV12 are to join. */
export type PixelFormat = 'rgb8';

/** The shape of a pixel: width over height, as a fraction that is not 1. */
export interface PixelAspect {
  readonly numerator: number;
  readonly denominator: number;
}

/** Pixels: uint8 RGB, interleaved (h, w, 3), rows without padding, full range 0–255. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly format: PixelFormat;
  /** height × width × 3 bytes. Never written after it was published. */
  readonly data: Uint8Array;
  /** Absent when pixels are square. */
  readonly pixelAspect?: PixelAspect;
}

/** A picture as its source decoded it, before it has a place on the stream clock. */
export interface DecodedFrame extends Picture {
  /** Presentation time within the source session, ns. */
  readonly ptsNs: bigint;
  /** When the decoded picture reached this process, Unix ms. */
  readonly captureTimeMs: number;
}

/** A picture with its place in a stream. */
export interface Frame extends Picture {
  /** Rises by one with every frame the source gave, over all sessions of the stream. */
  readonly seq: number;
  /** Number of the source session (rises with every reconnect or loop). */
  readonly session: number;
  /** Presentation time on the stream clock, ns; strictly rising. */
  readonly ptsNs: bigint;
  /** When the decoded picture reached this process, Unix ms. */
  readonly captureTimeMs: number;
  /** First frame of a session or after a jump in time: it never shares a window with what came before. */
  readonly discontinuity: boolean;
  /** First frame of a scene: it never shares a window with what came before, though time goes on. */
  readonly sceneCut?: boolean;
  /** Set when `data` is pooled: who keeps the frame beyond the current call retains, and releases when done. */
  readonly lease?: Lease;
}

/** Where the time of one frame went, ms. */
export interface FrameTiming {
  /** From capture to the start of restoration: look-ahead and queue. */
  readonly waitMs: number;
  /** Feature pyramids that this window was the first to use, whenever they were computed. */
  readonly pyramidMs: number;
  /** Alignment, fusion and reconstruction. */
  readonly restoreMs: number;
}

/** Why a frame is shown as the upscaled source frame. */
export const fallbackReasons = [
  /** The network's offsets were not usable. */
  'offsets-not-finite',
  'offsets-absurd',
  /** The engine's worker was not ready yet. */
  'engine-opening',
  /** The worker died, and no other was there in time. */
  'engine-lost',
  /** The engine failed on this frame, twice. */
  'engine-error',
  /** The machine is too busy for any network. */
  'overload',
] as const;

export type FallbackReason = (typeof fallbackReasons)[number];

/** A restored frame beside the source frame of the same seq. */
export interface RestoredFrame {
  readonly frame: Frame;
  readonly source: Frame;
  readonly timing: FrameTiming;
  /** Set when `frame` is, in whole or in part, the upscaled source frame. */
  readonly fallback?: FallbackReason;
  /** Set when the source is away and this is its last frame once more, for those who watch. */
  readonly repeated?: true;
}

/** Bytes of one picture of a format. */
export function pictureBytes(format: PixelFormat, width: number, height: number): number {
  switch (format) {
    case 'rgb8':
      return width * height * 3;
  }
}
