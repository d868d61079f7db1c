/**
 * The streams of a configuration: opened, controlled by name, and brought in line with another configuration.
 */
import { availableParallelism } from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import type { StreamConfig } from '../config/config.js';
import { CoreTurns } from '../engine/core-turns.js';
import { MemoryBudget } from '../engine/memory-budget.js';
import { LimpidError, messageOf } from '../errors/limpid-error.js';
import type { LiveStream } from '../frame/live-stream.js';
import type { Log } from '../log/log.js';
import { redactUri } from '../log/redact.js';
import type { StreamChange, StreamControl } from '../server/stream-control.js';
import { AutoScale } from './auto-scale.js';
import { checkModels, checkStream } from './check-stream.js';
import { ConfiguredStream } from './configured-stream.js';

/** What became of the streams of a configuration, by name. */
export interface FleetChange {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
  /** Streams that could not be opened; the log says why. */
  readonly failed: readonly string[];
}

/** Who shows the streams: told which come and go. */
export interface FleetShow {
  addStream(stream: LiveStream): void;
  removeStream(name: string): void;
}

/** Streams at work, by name. */
export class Fleet implements StreamControl {
  /**
   * Resolves when every stream has ended by itself; rejects with the first failure when none of them ended well. A stream
   * that was stopped on request counts as running, as it may be started again.
   */
  readonly ended: Promise<void>;
  readonly #log: Log;
  readonly #turns = new CoreTurns({ cores: availableParallelism() });
  readonly #memory = MemoryBudget.ofMachine();
  readonly #autoScale = new AutoScale();
  readonly #streams = new Map<string, ConfiguredStream>();
  /** Streams that have ended by themselves, and what ended them. */
  readonly #ends = new Map<string, { readonly error?: unknown }>();
  #settle: { readonly resolve: () => void; readonly reject: (error: unknown) => void } = {
    resolve: () => undefined,
    reject: () => undefined,
  };
  #open = false;
  #closed = false;

  constructor(log: Log) {
    this.#log = log;
    this.ended = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.ended.catch(() => undefined);
  }

  /** The streams, in the order they came. */
  get streams(): readonly LiveStream[] {
    return [...this.#streams.values()];
  }

  /** Opens the first streams. Rejects with what hinders one of them; nothing stays open then. */
  async open(configs: readonly StreamConfig[], mustOpenFirst: boolean): Promise<void> {
    this.#autoScale.streams = configs.length;
    // Side by side: a camera that is asked for its size and does not answer holds up nobody.
    const opened = await Promise.allSettled(configs.map((config) => this.#openOne(config, mustOpenFirst)));
    for (const result of opened) {
      if (result.status === 'fulfilled') {
        this.#streams.set(result.value.name, result.value);
      }
    }
    const failed = opened.find((result) => result.status === 'rejected');
    if (failed !== undefined) {
      await this.close();
      throw failed.reason;
    }
    this.#open = true;
    this.#settleIfEnded();
  }

  async start(name: string): Promise<void> {
    this.#ends.delete(name);
    await this.#stream(name).start();
  }

  async stop(name: string): Promise<void> {
    this.#ends.delete(name);
    await this.#stream(name).stop();
  }

  async restart(name: string): Promise<void> {
    this.#ends.delete(name);
    await this.#stream(name).reopen();
  }

  async change(name: string, { model, strength }: StreamChange): Promise<void> {
    const stream = this.#stream(name);
    if (model !== undefined) {
      await checkModels(model);
    }
    if (strength !== undefined) {
      stream.setStrength(strength);
    }
    if (model !== undefined) {
      this.#ends.delete(name);
      await stream.reopen(({ scale: _auto, models: _ladder, ...config }) => ({ ...config, model }));
    }
  }

  /** Checks the streams that a reload would open. Rejects with ERR_CONFIG where one names what is not there. */
  async check(configs: readonly StreamConfig[]): Promise<void> {
    for (const config of configs) {
      if (!isOpenBy(config, this.#streams.get(config.name))) {
        await checkStream(config);
      }
    }
  }

  /**
   * Opens, reopens and closes streams until they are those of `configs`. A stream whose configuration is the one it was
   * opened by is not touched, one that could not be opened by it is tried again. One that can't be opened hinders no other. Closed meanwhile, it opens nothing more.
   */
  async reload(configs: readonly StreamConfig[], show: FleetShow): Promise<FleetChange> {
    const change = { added: [] as string[], changed: [] as string[], removed: [] as string[], failed: [] as string[] };
    const wanted = new Set(configs.map(({ name }) => name));
    this.#autoScale.streams = configs.length;
    for (const [name, stream] of [...this.#streams]) {
      if (!wanted.has(name)) {
        show.removeStream(name);
        this.#streams.delete(name);
        this.#ends.delete(name);
        await stream.dispose();
        change.removed.push(name);
      }
    }
    for (const config of configs) {
      if (this.#closed) {
        break;
      }
      const { name } = config;
      const stream = this.#streams.get(name);
      if (isOpenBy(config, stream)) {
        continue;
      }
      try {
        if (stream === undefined) {
          const added = await this.#openOne(config, false);
          if (this.#closed) {
            await added.dispose();
            break;
          }
          this.#streams.set(name, added);
          show.addStream(added);
          change.added.push(name);
        } else {
          stream.setStrength(config.strength);
          if (!isOpenBy(config, stream)) {
            this.#ends.delete(name);
            await stream.reopen(() => config);
          }
          change.changed.push(name);
        }
      } catch (error) {
        this.#log.error({ stream: name }, `not reloaded: ${redactUri(messageOf(error))}`);
        change.failed.push(name);
      }
    }
    this.#settleIfEnded();
    return change;
  }

  /** Closes every stream, finishing recordings. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#streams.values()].map((stream) => stream.dispose()));
  }

  #openOne(config: StreamConfig, mustOpenFirst: boolean): Promise<ConfiguredStream> {
    const { name } = config;
    const onEnded = (error?: unknown) => {
      if (error !== undefined && this.#streams.size > 1) {
        this.#log.error({ stream: name }, redactUri(messageOf(error)));
      }
      this.#ends.set(name, error === undefined ? {} : { error });
      this.#settleIfEnded();
    };
    const shared = { turns: this.#turns, memory: this.#memory, autoScale: this.#autoScale, log: this.#log };
    return ConfiguredStream.open(config, { ...shared, onEnded }, mustOpenFirst);
  }

  #stream(name: string): ConfiguredStream {
    const stream = this.#streams.get(name);
    if (stream === undefined) {
      const known = [...this.#streams.keys()].join(', ') || 'none';
      throw new LimpidError('ERR_USAGE', `Expected the name of a stream but received "${name}"; there are ${known}`);
    }
    return stream;
  }

  #settleIfEnded(): void {
    if (!this.#open || [...this.#streams.keys()].some((name) => !this.#ends.has(name))) {
      return;
    }
    const failures = [...this.#ends.values()].filter((end) => 'error' in end);
    if (failures[0] !== undefined && failures.length === this.#ends.size) {
      this.#settle.reject(failures[0].error);
    } else {
      this.#settle.resolve();
    }
  }
}

/** Whether a stream is there that was opened by this very configuration. */
function isOpenBy(config: StreamConfig, stream: ConfiguredStream | undefined): boolean {
  return stream !== undefined && !stream.unopened && isDeepStrictEqual(stream.config, config);
}
