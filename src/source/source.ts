/**
 * Where pictures come from: the first station on a frame's path.
 */
import type { Observable } from 'rxjs';
import type { DecodedFrame } from '../frame/frame.js';
import type { Gate } from '../frame/gate.js';

/** A camera, a stream or a file, opened as often as the stream needs it. */
export interface Source {
  /** What to call it in a sentence or a log: the URI without its secrets. */
  readonly label: string;
  /** true: frames come at their own pace and must be kept up with. false: the reader sets the pace. */
  readonly live: boolean;
  /**
   * One session: cold. Subscribing starts a media process, unsubscribing stops it. Completes at the end of the stream;
   * errors with a LimpidError (ERR_SOURCE_OPEN, ERR_SOURCE_LOST, ERR_SOURCE_STALLED, ERR_MEDIA_PROCESS).
   * PTS may jump back within a session: a looped file begins again.
   *
   * @param gate closed while the reader has enough: a source that is not live reads no further meanwhile. A live source
   *   ignores it.
   * @param onDuration told how long a file says it is, once that is known; never for a live source.
   */
  session$(gate?: Gate, onDuration?: (durationNs: bigint) => void): Observable<DecodedFrame>;
}
