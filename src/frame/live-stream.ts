/**
 * What servers see of a running stream, without knowing how it is assembled.
 */
import type { Observable } from 'rxjs';
import type { AudioSlice } from './audio.js';
import { type FallbackReason, fallbackReasons, type RestoredFrame } from './frame.js';

/** Where a stream is in its life. */
export type StreamState = 'connecting' | 'live' | 'stalled' | 'reconnecting' | 'ended' | 'failed';

/** Quantiles over the last few hundred frames, ms. */
export interface Quantiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** Reasons for which a frame of the source is not shown restored. */
export type SkipReason = 'overload' | 'resize' | 'engine-error';

/** A count of none for each reason. */
export const noneSkipped: Readonly<Record<SkipReason, number>> = { overload: 0, resize: 0, 'engine-error': 0 };
export const noFallbacks = Object.fromEntries(fallbackReasons.map((reason) => [reason, 0])) as Readonly<
  Record<FallbackReason, number>
>;

/** Stages of a frame's way whose times are kept. */
export const stages = [
  /** How much later the picture came than the steadiest ones lately: network, jitter buffer and decoder together. */
  'capture',
  /** In the decoder, part of the above; 0 where it is not timed. */
  'decode',
  /** Look-ahead of the window and queue. */
  'wait',
  'pyramid',
  'restore',
  /** Compression for viewers. */
  'encode',
  /** From a client's message being ready to its socket having taken it. */
  'send',
  /** From the decoded picture to the restored one. */
  'total',
] as const;

export type Stage = (typeof stages)[number];

/** Stages whose times others tell. */
export type NotedStage = 'decode' | 'encode' | 'send';

/** Recordings, pushes and other outputs of a stream. */
export interface SinksStatus {
  readonly open: number;
  /** Of them those that failed and are tried again, later each time. */
  readonly failing: number;
  /** Frames that a sink was given and did not take. */
  readonly framesLost: number;
}

/** The sound of a stream's source. */
export interface AudioStatus {
  /** "AAC", "Opus", "A-law"; its GStreamer name where it is another. */
  readonly codec: string;
  /** Packets that came. */
  readonly packets: number;
  /** Among them those that were left out: too far from the pictures, or more than may wait for them. */
  readonly dropped: number;
}

/** One consistent look at a stream. */
export interface StreamStatus {
  readonly name: string;
  readonly state: StreamState;
  /** One sentence on why the state is what it is, when there is something to say. */
  readonly reason?: string;
  readonly model: string;
  /** How much of what the model adds to the upscaled frame is added, 0–1. */
  readonly strength: number;
  readonly engine: string;
  /** Frames of look-ahead the window adds. */
  readonly latencyFrames: number;
  readonly sourceWidth: number;
  readonly sourceHeight: number;
  readonly width: number;
  readonly height: number;
  readonly framesIn: number;
  readonly framesRestored: number;
  readonly framesSkipped: Readonly<Record<SkipReason, number>>;
  /** Frames shown as the upscaled source frame, beside those restored. */
  readonly framesFallback: Readonly<Record<FallbackReason, number>>;
  readonly reconnects: number;
  readonly sceneCuts: number;
  /** How many steps lighter than wanted the model at work is; 0 while the machine keeps up. */
  readonly overloadStep: number;
  /** Changes of that step. */
  readonly overloadMoves: number;
  /** Frames a second over the last two seconds. */
  readonly fpsIn: number;
  readonly fpsRestored: number;
  readonly stageMs: Readonly<Record<Stage, Quantiles>>;
  /** Absent where there are none. */
  readonly sinks?: SinksStatus;
  /** The source's sound; absent while it has none. */
  readonly audio?: AudioStatus;
}

/** A running stream as servers and status lines see it. */
export interface LiveStream {
  readonly name: string;
  /** Hot: every restored frame with its source. A subscriber that keeps `frame` beyond the call retains its lease. */
  readonly restored$: Observable<RestoredFrame>;
  /**
   * Hot: the source's sound on the clock of the restored frames. After each restored frame the packets up to its PTS, never
   * earlier; silent while there is none. Caps change only where a session of the source begins. Absent where streams never
   * have sound.
   */
  readonly audio$?: Observable<AudioSlice>;
  status(): StreamStatus;
  /** Takes the time of a stage that lies beyond the stream, ms. */
  noteStage?(stage: NotedStage, elapsedMs: number): void;
}
