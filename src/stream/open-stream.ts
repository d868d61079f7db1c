/**
 * Assembles one stream: source ─▶ sessions on one clock ─▶ scene cuts ─▶ window ─▶ restore ─▶ fan-out to its sinks and watchers.
 */
import { identity, type Observable, Subject, type Subscription } from 'rxjs';
import { tap } from 'rxjs/operators';
import type { Engine } from '../engine/engine.js';
import { LimpidError, messageOf } from '../errors/limpid-error.js';
import type { AudioSlice } from '../frame/audio.js';
import type { RestoredFrame } from '../frame/frame.js';
import { Gate } from '../frame/gate.js';
import type { LiveStream, NotedStage, StreamState, StreamStatus } from '../frame/live-stream.js';
import type { Log } from '../log/log.js';
import type { Sink } from '../sink/sink.js';
import type { Source } from '../source/source.js';
import { markSceneCuts } from '../window/scene-cut.js';
import { fallbackSentence } from './fallback-sentence.js';
import { LadderEngine } from './ladder-engine.js';
import { type OverloadOptions, overloadOptionsSchema } from './overload-options.js';
import { RateLimitedReports } from './rate-limited-reports.js';
import { restoreStages } from './restore-stages.js';
import { openSessions, type ReconnectPolicy, type SessionEvent } from './sessions.js';
import { StreamStatistics } from './statistics.js';
import { StreamSinks } from './stream-sinks.js';
import { StreamSound } from './stream-sound.js';

/** What a stream is made of. It takes over source, engine and sinks and closes them. */
export interface StreamParts {
  readonly name: string;
  readonly source: Source;
  readonly engine: Engine;
  /** Restore what the engine gave, one after the other (two-stage restoration); none by default. */
  readonly nextStages?: readonly Engine[];
  /** What a live stream goes on with when the machine has no time for `engine`, of its scale, the lightest last. */
  readonly lighter?: readonly Engine[];
  readonly overload?: OverloadOptions;
  /** How much of what the engines add to the upscaled frame is added, 0–1; 1 by default. */
  readonly strength?: number;
  readonly sinks: readonly Sink[];
  /** Whether scene cuts are looked for; by default they are. */
  readonly sceneCuts?: boolean;
  /** undefined: the stream ends with its first session. */
  readonly reconnect: ReconnectPolicy | undefined;
  readonly log: Log;
}

/** A stream at work. */
export interface RunningStream extends LiveStream {
  /** Resolves when the source has ended and every sink is closed; rejects with the LimpidError that ended the stream. */
  readonly done: Promise<void>;
  /** How much of what the engines add to the upscaled frame is added from the next frame on, 0–1. */
  setStrength(strength: number): void;
  /** Stops the source, lets the sinks finish, frees the engine. Idempotent. */
  stop(): Promise<void>;
}

/** Starts a stream. */
export function openStream(parts: StreamParts): RunningStream {
  return new AssembledStream(parts);
}

class AssembledStream implements RunningStream {
  readonly name: string;
  readonly restored$ = new Subject<RestoredFrame>();
  readonly done: Promise<void>;
  readonly #parts: StreamParts;
  readonly #engines: readonly Engine[];
  readonly #sinks: StreamSinks;
  readonly #statistics = new StreamStatistics();
  readonly #sound: StreamSound;
  readonly #reports: RateLimitedReports;
  readonly #subscription: Subscription;
  /** A session is over, and the next may be long in coming. */
  readonly #runEnds$ = new Subject<void>();
  #state: StreamState = 'connecting';
  #reason: string | undefined;
  #sourceSize = { width: 0, height: 0 };
  #strength = 1;
  #closed: Promise<void> | undefined;
  #settle: { readonly resolve: () => void; readonly reject: (error: unknown) => void } = {
    resolve: () => undefined,
    reject: () => undefined,
  };

  constructor(parts: StreamParts) {
    this.#parts = parts;
    this.name = parts.name;
    this.#engines = [this.#firstStage(), ...(parts.nextStages ?? [])];
    this.setStrength(parts.strength ?? 1);
    this.#reports = new RateLimitedReports((line) => parts.log.warn({ stream: parts.name }, line));
    this.#sinks = new StreamSinks(parts.sinks, {
      at: { stream: parts.name },
      log: parts.log,
      onDrop: (sink) => this.#reports.report(`${sink.label} is slow: a frame was dropped`),
    });
    this.#sound = new StreamSound(['restored', ...this.#sinks.views]);
    this.done = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.done.catch(() => undefined);
    this.#subscription = this.#connect();
  }

  get audio$(): Observable<AudioSlice> {
    return this.#sound.audio$;
  }

  status(): StreamStatus {
    const audio = this.#sound.status();
    const sinks = this.#sinks.status();
    const specs = this.#engines.map(({ spec }) => spec);
    const scale = specs.reduce((product, spec) => product * spec.scale, 1);
    const statistics = this.#statistics;
    const nowMs = Date.now();
    const { width, height } = this.#sourceSize;
    return {
      name: this.name,
      state: this.#state,
      ...(this.#reason === undefined ? {} : { reason: this.#reason }),
      model: specs.map(({ model }) => model).join(','),
      strength: this.#strength,
      engine: [...new Set(specs.map(({ kind }) => kind))].join(','),
      latencyFrames: specs.reduce((sum, { window }) => sum + (window >> 1), 0),
      sourceWidth: width,
      sourceHeight: height,
      width: width * scale,
      height: height * scale,
      framesIn: statistics.framesIn,
      framesRestored: statistics.framesRestored,
      framesSkipped: { ...statistics.framesSkipped },
      framesFallback: { ...statistics.framesFallback },
      reconnects: statistics.reconnects,
      sceneCuts: statistics.sceneCuts,
      overloadStep: statistics.overloadStep,
      overloadMoves: statistics.overloadMoves,
      fpsIn: statistics.fpsIn(nowMs),
      fpsRestored: statistics.fpsRestored(nowMs),
      stageMs: statistics.stageMs(),
      ...(audio === undefined ? {} : { audio }),
      ...(sinks === undefined ? {} : { sinks }),
    };
  }

  noteStage(stage: NotedStage, elapsedMs: number): void {
    this.#statistics.noteStage(stage, elapsedMs);
  }

  setStrength(strength: number): void {
    this.#strength = strength;
    for (const engine of this.#engines) {
      engine.setStrength?.(strength);
    }
  }

  stop(): Promise<void> {
    this.#state = 'ended';
    return this.#close();
  }

  #connect(): Subscription {
    const { source, reconnect, name, overload } = this.#parts;
    const gate = new Gate();
    return openSessions({
      source,
      gate,
      reconnect,
      onEvent: (event) => this.#onSession(event),
      onAudio: (packet) => this.#sound.push(packet),
      onDecoded: (elapsedMs) => this.noteStage('decode', elapsedMs),
    })
      .pipe(
        tap((frame) => {
          this.#sourceSize = { width: frame.width, height: frame.height };
          this.#statistics.countIn(frame, Date.now());
          this.#sinks.push('source', frame, this.#sound.upTo('source', frame));
        }),
        this.#parts.sceneCuts === false ? identity : markSceneCuts(() => this.#statistics.countSceneCut()),
        restoreStages({
          engines: this.#engines,
          stream: name,
          runEnds$: this.#runEnds$,
          policy: source.live ? (overload?.policy ?? 'skip') : 'block',
          gate,
          whenRoom: () => this.#sinks.whenRoom(),
          onSkip: (_frame, reason, error) => {
            this.#statistics.countSkipped(reason);
            if (error !== undefined) {
              this.#reports.report(`a frame was not restored: ${error.message}`);
            }
          },
        }),
      )
      .subscribe({
        next: (restored) => this.#publish(restored),
        error: (error: unknown) => this.#fail(error),
        complete: () => {
          this.#state = 'ended';
          void this.#close();
        },
      });
  }

  #publish(restored: RestoredFrame): void {
    this.#statistics.countShown(restored, Date.now());
    // The overload ladder told its own change once.
    if (restored.fallback !== undefined && restored.fallback !== 'overload') {
      this.#reports.report(`a frame is shown upscaled, not restored: ${fallbackSentence(restored.fallback)}`);
    }
    const audio = this.#sound.upTo('restored', restored.frame);
    this.#sinks.push('restored', restored.frame, audio);
    this.restored$.next(restored);
    if (audio !== undefined && audio.packets.length > 0) {
      this.#sound.audio$.next(audio);
    }
  }

  #onSession(event: SessionEvent): void {
    const { source, log } = this.#parts;
    const at = { stream: this.name };
    switch (event.type) {
      case 'opening':
        this.#state = event.session === 0 ? 'connecting' : 'reconnecting';
        break;
      case 'live':
        this.#state = 'live';
        this.#reason = undefined;
        if (event.session > 0) {
          this.#statistics.reconnects += 1;
          log.info(at, `${source.label} is back`);
        }
        break;
      case 'lost':
        this.#state = event.error.code === 'ERR_SOURCE_STALLED' ? 'stalled' : 'reconnecting';
        this.#reason = event.error.message;
        log.warn(at, `${event.error.message}; next attempt in ${(event.retryInMs / 1_000).toFixed(1)} s`);
        this.#runEnds$.next();
        break;
      case 'ended':
        log.info(at, `${source.label} has ended`);
        break;
    }
  }

  /** The engine of the first stage: where there are lighter ones, the one of them that the machine has time for. */
  #firstStage(): Engine {
    const { name, engine, lighter = [], overload, source, log } = this.#parts;
    if (lighter.length === 0 || !source.live) {
      return engine;
    }
    return new LadderEngine({
      engines: [engine, ...lighter],
      overload: overload ?? overloadOptionsSchema.parse({}),
      onMove: ({ to }, sentence) => {
        this.#statistics.moveTo(to);
        log.warn({ stream: name }, sentence);
      },
    });
  }

  #fail(error: unknown): void {
    this.#state = 'failed';
    this.#reason = messageOf(error);
    const failure =
      error instanceof LimpidError ? error : new LimpidError('ERR_ENGINE', messageOf(error), { cause: error });
    void this.#close(failure);
  }

  #close(failure?: LimpidError): Promise<void> {
    this.#closed ??= this.#finish(failure);
    return this.#closed;
  }

  async #finish(failure: LimpidError | undefined): Promise<void> {
    // The subscription may not be assigned yet when a source fails at once.
    await Promise.resolve();
    this.#subscription.unsubscribe();
    await Promise.all([this.#sinks.close(), this.#parts.source.closed?.()]);
    await Promise.all(this.#engines.map((engine) => engine.dispose()));
    this.#reports.flush();
    this.restored$.complete();
    this.#sound.audio$.complete();
    if (failure === undefined) {
      this.#settle.resolve();
    } else {
      this.#settle.reject(failure);
    }
  }
}
