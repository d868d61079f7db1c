/**
 * `/metrics`: OpenMetrics text. Counters are read from the streams when somebody asks; stage times are collected as
 * frames come by.
 */
import { Counter, Gauge, Histogram, type OpenMetricsContentType, Registry } from 'prom-client';
import type { Subscription } from 'rxjs';
import type { LiveStream, StreamStatus } from '../frame/live-stream.js';
import type { Hub } from './hub.js';

/** Seconds; from a fast card's half millisecond to a window of slow frames. */
const STAGE_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.033, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5];

/** Of a restored frame, as limpid_stage_seconds has them. */
const STAGES = ['wait', 'pyramid', 'restore', 'total'] as const;

/** The metrics of one server. */
export class Metrics {
  readonly #registry = new Registry<OpenMetricsContentType>();
  readonly #encodeSeconds: Histogram<string>;
  readonly #stageSeconds: Histogram<string>;
  readonly #subscriptions = new Map<string, Subscription>();

  constructor(hub: Hub) {
    const registry = this.#registry;
    const streams = {
      *[Symbol.iterator]() {
        for (const { live } of hub.streams.values()) {
          yield live;
        }
      },
    };
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
    const registers = [registry];
    addProcessMetrics(registers);

    const counter = (name: string, help: string, read: (status: StreamStatus) => number) =>
      new Counter({
        name,
        help,
        labelNames: ['stream'],
        registers,
        collect() {
          this.reset();
          for (const stream of streams) {
            this.inc({ stream: stream.name }, read(stream.status()));
          }
        },
      });
    counter('limpid_frames_in_total', 'Frames the source gave', (status) => status.framesIn);
    counter('limpid_frames_restored_total', 'Frames restored', (status) => status.framesRestored);
    counter('limpid_reconnects_total', 'Times the source was opened again', (status) => status.reconnects);
    counter('limpid_overload_moves_total', 'Changes to a lighter or heavier model', (status) => status.overloadMoves);
    counter('limpid_scene_cuts_total', 'Scene cuts found', (status) => status.sceneCuts);
    counter('limpid_audio_packets_total', 'Packets of sound that came', ({ audio }) => audio?.packets ?? 0);
    counter('limpid_audio_dropped_total', 'Packets of sound that were left out', ({ audio }) => audio?.dropped ?? 0);
    counter(
      'limpid_sink_frames_lost_total',
      'Frames that a recording, push or the like was given and did not take',
      ({ sinks }) => sinks?.framesLost ?? 0,
    );
    new Counter({
      name: 'limpid_frames_skipped_total',
      help: 'Frames of the source that were not restored, by reason',
      labelNames: ['stream', 'reason'],
      registers,
      collect() {
        this.reset();
        for (const stream of streams) {
          for (const [reason, count] of Object.entries(stream.status().framesSkipped)) {
            this.inc({ stream: stream.name, reason }, count);
          }
        }
      },
    });
    new Counter({
      name: 'limpid_frames_fallback_total',
      help: 'Frames shown as the upscaled source frame, by reason',
      labelNames: ['stream', 'reason'],
      registers,
      collect() {
        this.reset();
        for (const stream of streams) {
          for (const [reason, count] of Object.entries(stream.status().framesFallback)) {
            this.inc({ stream: stream.name, reason }, count);
          }
        }
      },
    });
    new Gauge({
      name: 'limpid_stream_live',
      help: '1 while the stream gives restored frames, else 0',
      labelNames: ['stream'],
      registers,
      collect() {
        this.reset();
        for (const stream of streams) {
          this.set({ stream: stream.name }, stream.status().state === 'live' ? 1 : 0);
        }
      },
    });
    new Gauge({
      name: 'limpid_latency_seconds',
      help: 'Quantiles of where the time of the last few hundred frames went, by stage',
      labelNames: ['stream', 'stage', 'quantile'],
      registers,
      collect() {
        this.reset();
        for (const stream of streams) {
          for (const [stage, { p50, p95, p99 }] of Object.entries(stream.status().stageMs)) {
            const at = { stream: stream.name, stage };
            this.set({ ...at, quantile: '0.5' }, p50 / 1000);
            this.set({ ...at, quantile: '0.95' }, p95 / 1000);
            this.set({ ...at, quantile: '0.99' }, p99 / 1000);
          }
        }
      },
    });
    new Gauge({
      name: 'limpid_sinks_failing',
      help: 'Recordings, pushes and the like that failed and are tried again',
      labelNames: ['stream'],
      registers,
      collect() {
        this.reset();
        for (const stream of streams) {
          this.set({ stream: stream.name }, stream.status().sinks?.failing ?? 0);
        }
      },
    });
    new Gauge({
      name: 'limpid_overload_step',
      help: 'How many steps lighter than wanted the model at work is',
      labelNames: ['stream'],
      registers,
      collect() {
        this.reset();
        for (const stream of streams) {
          this.set({ stream: stream.name }, stream.status().overloadStep);
        }
      },
    });
    new Gauge({
      name: 'limpid_clients',
      help: 'WebSocket and MJPEG clients connected',
      labelNames: ['stream'],
      registers,
      collect() {
        this.reset();
        for (const stream of streams) {
          this.set({ stream: stream.name }, hub.viewersOf(stream.name));
        }
      },
    });
    this.#encodeSeconds = new Histogram({
      name: 'limpid_encode_seconds',
      help: 'Time to compress one picture for viewers',
      buckets: STAGE_BUCKETS,
      registers,
    });
    this.#stageSeconds = new Histogram({
      name: 'limpid_stage_seconds',
      help: 'Where the time of a restored frame went',
      labelNames: ['stream', 'stage'],
      buckets: STAGE_BUCKETS,
      registers,
    });
    for (const stream of streams) {
      this.watch(stream);
    }
  }

  /** Collects the stage times of a stream. */
  watch({ name, restored$ }: LiveStream): void {
    const stageSeconds = this.#stageSeconds;
    this.#subscriptions.set(
      name,
      restored$.subscribe({
        next: ({ source, repeated, timing: { waitMs, pyramidMs, restoreMs } }) => {
          // The last picture of a source that is away took its time long ago.
          if (repeated) return;
          // The total is not the sum: pyramids are computed while the frame waits.
          const ms = { wait: waitMs, pyramid: pyramidMs, restore: restoreMs, total: Date.now() - source.captureTimeMs };
          for (const stage of STAGES) {
            stageSeconds.observe({ stream: name, stage }, ms[stage] / 1000);
          }
        },
        // A stream that fails says so in its status; here there is just nothing more to count.
        error: () => {},
      }),
    );
  }

  /** A stream is gone: nothing more to collect, nothing more to tell. */
  unwatch(name: string): void {
    this.#subscriptions.get(name)?.unsubscribe();
    this.#subscriptions.delete(name);
    for (const stage of STAGES) {
      this.#stageSeconds.remove({ stream: name, stage });
    }
  }

  /** Notes how long one picture took to compress. */
  observeEncode(elapsedMs: number): void {
    this.#encodeSeconds.observe(elapsedMs / 1000);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** The OpenMetrics text. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  /** Stops counting. Idempotent. */
  dispose(): void {
    for (const subscription of this.#subscriptions.values()) {
      subscription.unsubscribe();
    }
    this.#registry.clear();
  }
}

/** What tells a leak or a busy process, under the names every dashboard knows. */
function addProcessMetrics(registers: Registry<OpenMetricsContentType>[]): void {
  new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Memory of the main process; media processes and engines that run apart are not in it',
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'User and system time of the main process',
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
}
