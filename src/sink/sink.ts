/**
 * Where restored pictures go: the last station on a frame's path.
 */
import type { Frame } from '../frame/frame.js';

/** A recording, a push or a pipeline. Opened by its first frame. */
export interface Sink {
  /** What to call it in a sentence or a log. */
  readonly label: string;
  /**
   * Takes one frame; resolves when the next may come (back-pressure). Keeps the frame's data only until it resolves.
   * Rejects with a LimpidError (ERR_SINK_OPEN, ERR_SINK_WRITE) when the sink can't go on.
   */
  write(frame: Frame): Promise<void>;
  /** Ends the stream so that muxers finish, and waits for that, at most a few seconds. Idempotent. */
  close(): Promise<void>;
}
