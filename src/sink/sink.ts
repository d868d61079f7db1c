/**
 * Where restored pictures go: the last station on a frame's path.
 */
import type { AudioSlice } from '../frame/audio.js';
import type { Frame } from '../frame/frame.js';

/** A recording, a push or a pipeline. Opened by its first frame. */
export interface Sink {
  /** What to call it in a sentence or a log, without secrets. */
  readonly label: string;
  /** Which picture of the stream it wants; default: the restored one. */
  readonly view?: 'restored' | 'source';
  /**
   * Takes one frame and the sound that goes before it; resolves when the next may come (back-pressure). Keeps the frame's
   * data only until it resolves. Rejects with a LimpidError (ERR_SINK_OPEN, ERR_SINK_WRITE) when what it writes to has
   * failed: the frame is lost, the next one opens the sink anew.
   *
   * @param audio absent while the stream has no sound
   */
  write(frame: Frame, audio?: AudioSlice): Promise<void>;
  /** Ends the stream so that muxers finish, and waits for that, at most a few seconds. Idempotent. */
  close(): Promise<void>;
}
