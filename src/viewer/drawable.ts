/**
 * Decoded pictures, whichever decoder they come from.
 */
import type { FrameHeader, FrameMessage } from '../wire/frame-message.js';

/** A picture that a canvas draws. Its owner closes it. */
export type Drawable = ImageBitmap | VideoFrame;

/** Both pictures of one frame, ready to draw. Whoever receives it closes them. */
export interface DecodedPair {
  readonly header: FrameHeader;
  readonly restored: Drawable;
  readonly source: Drawable | undefined;
}

/** What a decoder tells. */
export interface FrameDecoderEvents {
  /** The pictures of a frame; whoever receives them closes them. */
  decoded(pair: DecodedPair): void;
  /** Nothing can be decoded before a key frame. */
  keyNeeded(): void;
  /** It fails again and again: this browser can't do it. */
  failed(): void;
}

/** Turns frame messages into pictures. */
export interface FrameDecoder {
  /** Takes the next frame; the decoder is free to leave it out. */
  offer(frame: FrameMessage): void;
  /** Forgets what waits: the next frame does not follow on the last one. */
  clear(): void;
  /** Makes everything that was offered come out; a key frame must follow. */
  flush(): void;
  /** Ends the decoder; nothing comes out of it any more. */
  close(): void;
}

/** Size of a picture, pixels. */
export function sizeOf(picture: Drawable): { readonly width: number; readonly height: number } {
  return picture instanceof ImageBitmap
    ? { width: picture.width, height: picture.height }
    : { width: picture.displayWidth, height: picture.displayHeight };
}

/** Gives a frame's pictures back. */
export function closePair(pair: DecodedPair | undefined): void {
  pair?.restored.close();
  pair?.source?.close();
}
