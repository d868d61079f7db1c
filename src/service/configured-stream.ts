/**
 * One stream of a configuration: to those who watch it the same stream, however often it is opened anew.
 *
 *     opened  ├─ seq 0 … 99 ─┤ stopped ├─ seq 0 … 49 ─┤
 *     watched    0 … 99                   100 … 149      one session later, after the wall time that was lost
 */
import { Subject, type Subscription } from 'rxjs';
import type { StreamConfig } from '../config/config.js';
import { LimpidError, messageOf } from '../errors/limpid-error.js';
import type { AudioSlice } from '../frame/audio.js';
import type { RestoredFrame } from '../frame/frame.js';
import type { LiveStream, NotedStage, StreamStatus } from '../frame/live-stream.js';
import type { RunningStream } from '../stream/open-stream.js';
import { type AssembleOptions, assembleStream } from './assemble-stream.js';
import { Renumbering } from './renumbering.js';

/** How often those who watch are shown the last picture of a source that is away, ms. */
const REPEAT_MS = 1_000;

/** What a configured stream shares with the others, and tells whoever runs it. */
export interface ConfiguredStreamOptions extends Omit<AssembleOptions, 'mustOpenFirst'> {
  /** It has ended by itself: its source is at its end or, with an error, can't go on. */
  readonly onEnded: (error?: unknown) => void;
}

/** Opens, stops and reopens one stream; calls are done one after another. */
export class ConfiguredStream implements LiveStream {
  readonly name: string;
  readonly restored$ = new Subject<RestoredFrame>();
  readonly audio$ = new Subject<AudioSlice>();
  readonly #options: ConfiguredStreamOptions;
  #config: StreamConfig;
  #current: RunningStream | undefined;
  #frames: Subscription | undefined;
  /** The last look at a stream that is no longer open. */
  #last: StreamStatus | undefined;
  #renumber = new Renumbering();
  readonly #repeating: NodeJS.Timeout;
  #queue: Promise<unknown> = Promise.resolve();
  #disposed = false;
  #unopened = false;

  private constructor(config: StreamConfig, options: ConfiguredStreamOptions) {
    this.name = config.name;
    this.#config = config;
    this.#options = options;
    this.#repeating = setInterval(() => this.#repeat(), REPEAT_MS).unref();
  }

  /** Opens a stream. Rejects with what {@link assembleStream} rejects with. */
  static async open(
    config: StreamConfig,
    options: ConfiguredStreamOptions,
    mustOpenFirst = false,
  ): Promise<ConfiguredStream> {
    const stream = new ConfiguredStream(config, options);
    try {
      await stream.#open(mustOpenFirst);
    } catch (error) {
      await stream.dispose();
      throw error;
    }
    return stream;
  }

  /** What it was opened by, changes included. */
  get config(): StreamConfig {
    return this.#config;
  }

  /** Whether it is closed because it could not be opened by its configuration. */
  get unopened(): boolean {
    return this.#unopened;
  }

  status(): StreamStatus {
    const status = this.#current?.status() ?? this.#last;
    if (status === undefined) {
      throw new RangeError(`the stream ${this.name} was never open`);
    }
    return status;
  }

  noteStage(stage: NotedStage, elapsedMs: number): void {
    this.#current?.noteStage?.(stage, elapsedMs);
  }

  /** Opens it, unless it runs. */
  start(): Promise<void> {
    return this.#inTurn(async () => {
      const state = this.#current?.status().state;
      if (state === undefined || state === 'ended' || state === 'failed') {
        await this.#close('being opened');
        await this.#open();
      }
    });
  }

  /** Closes it and finishes its recordings. */
  stop(): Promise<void> {
    return this.#inTurn(() => this.#close('stopped on request'));
  }

  /** Closes it and opens it anew, by a changed configuration where a change is given: of what it is by then. */
  reopen(change: (config: StreamConfig) => StreamConfig = (config) => config): Promise<void> {
    return this.#inTurn(async () => {
      this.#config = change(this.#config);
      await this.#close('being opened anew');
      await this.#open();
    });
  }

  /** Changes the strength, while it runs and for when it is opened again. */
  setStrength(strength: number): void {
    this.#config = { ...this.#config, strength };
    this.#current?.setStrength(strength);
  }

  /** Closes it for good, whatever else was asked of it; watchers are told. Idempotent. */
  dispose(): Promise<void> {
    this.#disposed = true;
    return this.#inTurn(async () => {
      clearInterval(this.#repeating);
      await this.#close('stopped');
      this.#renumber.dispose();
      this.restored$.complete();
      this.audio$.complete();
    });
  }

  #inTurn(step: () => Promise<void>): Promise<void> {
    const turn = this.#queue.then(step);
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  async #open(mustOpenFirst = false): Promise<void> {
    if (this.#disposed) {
      throw new LimpidError('ERR_USAGE', `Expected a stream to open but ${this.name} has been closed for good`);
    }
    try {
      const stream = await assembleStream(this.#config, { ...this.#options, mustOpenFirst });
      // Which may have been changed while it was being opened.
      stream.setStrength(this.#config.strength);
      const renumber = this.#renumber;
      renumber.startOver();
      this.#current = stream;
      this.#unopened = false;
      this.#frames = stream.restored$.subscribe({
        next: (restored) => this.restored$.next(renumber.place(restored)),
        error: () => {}, // `done` says it
      });
      this.#frames.add(stream.audio$?.subscribe((slice) => this.audio$.next(renumber.shift(slice))));
      const whenEnded = (error?: unknown) => {
        if (this.#current === stream) {
          this.#options.onEnded(error);
        }
      };
      stream.done.then(() => whenEnded(), whenEnded);
    } catch (error) {
      this.#unopened = true;
      if (this.#last !== undefined) {
        this.#last = { ...this.#last, state: 'failed', reason: messageOf(error) };
      }
      throw error;
    }
  }

  /** Shows the last picture again, so that those who come while the source is away see it too. */
  #repeat(): void {
    const state = this.#current?.status().state;
    if ((state === 'reconnecting' || state === 'stalled') && this.restored$.observed) {
      const repeated = this.#renumber.again(Date.now());
      if (repeated !== undefined) {
        this.restored$.next(repeated);
      }
    }
  }

  async #close(why: string): Promise<void> {
    const stream = this.#current;
    if (stream === undefined) {
      return;
    }
    const { reason: _reason, ...last } = stream.status();
    this.#last = { ...last, state: 'ended', reason: why, fpsIn: 0, fpsRestored: 0 };
    this.#current = undefined;
    await stream.stop();
    this.#frames?.unsubscribe();
  }
}
