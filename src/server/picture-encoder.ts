/**
 * What every codec of ours looks like to a feed.
 */
import type { Frame } from '../frame/frame.js';

/** A compressed picture. */
export interface EncodedPicture {
  readonly bytes: Buffer;
  /** Can be decoded without an earlier one. */
  readonly key: boolean;
  /** Size that was coded: 4:2:0 loses an odd last column and row. */
  readonly width: number;
  readonly height: number;
}

/** Compresses the pictures of one feed, in order. */
export interface PictureEncoder {
  /**
   * Compresses a picture; one call at a time. The caller holds the frame's lease until the promise settles. Rejects with
   * ERR_MEDIA_PROCESS and the like; the next call starts anew, with a key frame.
   *
   * @param wantsKey the result is to be a key frame
   */
  encode(frame: Frame, wantsKey: boolean): Promise<EncodedPicture>;
  /** Ends the encoder. Idempotent. */
  dispose(): void;
}

/** Opens an encoder for one picture of a view. */
export type OpenPictureEncoder = () => PictureEncoder;
