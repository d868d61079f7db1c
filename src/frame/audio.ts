/**
 * The sound of a stream on its way beside the pictures: encoded as the source sent it, never decoded.
 *
 *     source ─▶ packets ─▶ (stream clock) ─▶ wait for the restored picture of their time ─▶ AudioSlice ─▶ sinks, viewers
 */

/** One packet of an elementary stream. */
export interface EncodedPacket {
  /** Presentation time, ns; negative for what a decoder needs before the beginning. null for stream headers. */
  readonly ptsNs: bigint | null;
  readonly durationNs: bigint | null;
  readonly data: Buffer;
}

/** One packet of a source's sound, with what it is. */
export interface AudioPacket extends EncodedPacket {
  /** Caps as GStreamer writes them, codec data included. */
  readonly caps: string;
  /** Within the source session like the pictures' or, once it is placed, on the stream clock, ns. */
  readonly ptsNs: bigint;
}

/** The sound between two frames, encoded as the source sent it. */
export interface AudioSlice {
  /**
   * Caps of the packets as GStreamer writes them: "audio/mpeg, mpegversion=(int)4, stream-format=(string)raw,
   * codec_data=(buffer)1210, rate=(int)44100, …".
   */
  readonly caps: string;
  /** Packets up to the time of the frame they come with, in order, their times on the stream clock. May be empty. */
  readonly packets: readonly EncodedPacket[];
}
