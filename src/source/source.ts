/**
 * Where pictures come from: the first station on a frame's path.
 */
import type { Observable } from 'rxjs';
import type { AudioPacket } from '../frame/audio.js';
import type { DecodedFrame } from '../frame/frame.js';
import type { Gate } from '../frame/gate.js';

/** What a session is given beside its subscriber. */
export interface SessionContext {
  /** Closed while the reader has enough: a source that is not live reads no further meanwhile. A live source ignores it. */
  readonly gate?: Gate | undefined;
  /** Told how long a file says it is, once that is known; never for a live source. */
  readonly onDuration?: ((durationNs: bigint) => void) | undefined;
  /** Told how long each picture was in its decoder, ms, where `timeDecoder` asks for it. */
  readonly onDecoded?: ((elapsedMs: number) => void) | undefined;
  /**
   * Takes the sound, encoded as the source has it, from the session's first picture on; without it the sound stays unread.
   * Times are in the session, as the pictures' are. A packet may come before or after the picture of its time.
   */
  readonly onAudio?: ((packet: AudioPacket) => void) | undefined;
}

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
   */
  session$(context?: SessionContext): Observable<DecodedFrame>;
  /**
   * Resolves when the processes of sessions that are over are gone, and with them what they held: a port, a camera, a place
   * at an RTSP server. Absent where sessions hold nothing.
   */
  closed?(): Promise<void>;
}
