/**
 * How fast a model runs here, used as a live stream uses it: each new frame needs one new pyramid and one restoration.
 *
 *     frame seq ─▶ prepare ─▶ ring of 2N+1 ─▶ restore(seq − N) ─▶ next frame
 *                  └──────────────── total ───────────────┘
 */
import { availableParallelism, cpus, totalmem } from 'node:os';
import type { Engine } from '../engine/engine.js';
import { LimpidError } from '../errors/limpid-error.js';
import type { Frame, FrameTiming } from '../frame/frame.js';
import { MovingScene } from './bench-input.js';
import { peakRssBytes, resetPeakRss } from './bench-memory.js';
import { nvidiaCards } from './nvidia.js';
import { type Size, sizeText } from './size.js';

/** Options of {@link bench}. */
export interface BenchOptions {
  /** Names of models; every model runs at every size with every engine. */
  readonly models: readonly string[];
  /** Sizes of the input. */
  readonly sizes: readonly Size[];
  /** Kinds of engine; default ['auto']. */
  readonly engines?: readonly string[] | undefined;
  /** Seconds measured a run, at least three frames; default 10. */
  readonly seconds?: number | undefined;
  /** Frames measured a run, instead of a time. */
  readonly frames?: number | undefined;
  /** Frames restored before measuring begins, beyond those that fill the window; default 3. */
  readonly warmUp?: number | undefined;
  /** Of the moving input; default 1. */
  readonly seed?: number | undefined;
}

/** What a benchmark is about to run. */
export interface BenchRequest {
  readonly model: string;
  /** Kind of engine, or 'auto'. */
  readonly engine: string;
  readonly size: Size;
}

/** What {@link bench} needs from outside. */
export interface BenchDeps {
  /** Opens an engine; bench disposes of it. */
  readonly openEngine: (request: BenchRequest) => Promise<Engine>;
  /** Called when a run begins. */
  readonly onRun?: (request: BenchRequest) => void;
}

/** Mean times of a frame, ms. */
export interface StageMs {
  /** The new frame's feature pyramid. */
  readonly pyramid: number;
  /** Alignment, fusion and reconstruction. */
  readonly restore: number;
  /** From the new frame's arrival to the restored one, transfers included. */
  readonly total: number;
}

/** One model at one size on one engine. */
export interface BenchRun {
  readonly model: string;
  readonly engine: string;
  /** '320x180' */
  readonly size: string;
  readonly outputSize: string;
  /** Frames a second, one after the other. */
  readonly fps: number;
  readonly ms: StageMs;
  /** Quantiles of the total, ms. */
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  /** Most memory resident during the run, the whole process. */
  readonly peakRssBytes: number;
}

/** What `limpid bench --json` prints. */
export interface BenchResult {
  /** 'AMD EPYC 9R14, 2 cores, 8 GB, linux x64, Node 20.20.2' */
  readonly machine: string;
  readonly runs: readonly BenchRun[];
}

const LEAST_FRAMES = 3;

/** Runs every model at every size with every engine, one after another. @throws ERR_USAGE, and what an engine throws. */
export async function bench(options: BenchOptions, deps: BenchDeps): Promise<BenchResult> {
  const { models, sizes, engines = ['auto'], seconds = 10, frames, warmUp = 3, seed = 1 } = options;
  if (!(seconds > 0)) {
    throw new LimpidError('ERR_USAGE', `Expected a time above 0 for --seconds but received ${seconds}`);
  }
  if (frames !== undefined && !(Number.isInteger(frames) && frames > 0)) {
    throw new LimpidError('ERR_USAGE', `Expected a whole number of at least 1 for --frames but received ${frames}`);
  }
  const enough = (count: number, elapsedMs: number) =>
    frames === undefined ? count >= LEAST_FRAMES && elapsedMs >= seconds * 1000 : count >= frames;
  const runs: BenchRun[] = [];
  for (const model of models) {
    for (const size of sizes) {
      for (const engine of engines) {
        deps.onRun?.({ model, engine, size });
        runs.push(await runOnce({ model, engine, size }, deps, { enough, warmUp, seed }));
      }
    }
  }
  return { machine: await machine(), runs };
}

interface RunSettings {
  readonly enough: (count: number, elapsedMs: number) => boolean;
  readonly warmUp: number;
  readonly seed: number;
}

interface Measured {
  readonly timing: FrameTiming;
  readonly totalMs: number;
  readonly output: Size;
}

async function runOnce(request: BenchRequest, deps: BenchDeps, settings: RunSettings): Promise<BenchRun> {
  const scene = new MovingScene(request.size, settings.seed);
  resetPeakRss();
  const engine = await deps.openEngine(request);
  try {
    const stream = new StreamedEngine(engine, scene);
    for (let i = 0; i < settings.warmUp; i += 1) {
      await stream.next();
    }
    const measured: Measured[] = [await stream.next()];
    let elapsedMs = measured[0]?.totalMs ?? 0;
    while (!settings.enough(measured.length, elapsedMs)) {
      const one = await stream.next();
      measured.push(one);
      elapsedMs += one.totalMs;
    }
    return summary(request, engine.spec.kind, measured);
  } finally {
    await engine.dispose();
  }
}

/** An engine fed as a stream feeds it, one frame at a time. */
class StreamedEngine {
  readonly #engine: Engine;
  readonly #scene: MovingScene;
  #ring: readonly Frame[] = [];
  #seq = 0;

  constructor(engine: Engine, scene: MovingScene) {
    this.#engine = engine;
    this.#scene = scene;
  }

  /** Takes the next frame (the first time as many as fill the window) and restores the window's middle. */
  async next(): Promise<Measured> {
    const { window } = this.#engine.spec;
    while (this.#ring.length < window - 1) {
      this.#ring = [...this.#ring, this.#scene.frame(this.#seq++)];
    }
    const frame = this.#scene.frame(this.#seq++);
    const frames = [...this.#ring, frame];
    const startMs = performance.now();
    this.#engine.prepare('bench', frame);
    const restored = await this.#engine.restore('bench', { reference: frames[window >> 1] as Frame, frames });
    const totalMs = performance.now() - startMs;
    restored.frame.lease?.release();
    this.#ring = frames.slice(1);
    return { timing: restored.timing, totalMs, output: restored.frame };
  }
}

function summary({ model, size }: BenchRequest, engine: string, measured: readonly Measured[]): BenchRun {
  const mean = (of: (one: Measured) => number) => measured.reduce((sum, one) => sum + of(one), 0) / measured.length;
  const totals = measured.map(({ totalMs }) => totalMs).sort((a, b) => a - b);
  const total = mean((one) => one.totalMs);
  return {
    model,
    engine,
    size: sizeText(size),
    outputSize: sizeText(measured[0]?.output ?? size),
    fps: round(1000 / total),
    ms: {
      pyramid: round(mean(({ timing }) => timing.pyramidMs)),
      restore: round(mean(({ timing }) => timing.restoreMs)),
      total: round(total),
    },
    p50: round(quantile(totals, 0.5)),
    p95: round(quantile(totals, 0.95)),
    p99: round(quantile(totals, 0.99)),
    peakRssBytes: peakRssBytes(),
  };
}

/** The least value that a share `q` of the values does not exceed (nearest rank). @param sorted rising, not empty. */
export function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
}

/** To a hundredth, for people and files alike. */
function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** What the figures were measured on, in one line. */
async function machine(): Promise<string> {
  const cards = await nvidiaCards();
  return [
    cpus()[0]?.model.trim() || 'unknown processor',
    `${availableParallelism()} cores`,
    ...cards.map(({ name }) => name),
    `${Math.round(totalmem() / 2 ** 30)} GB`,
    `${process.platform} ${process.arch}`,
    `Node ${process.versions.node}`,
  ].join(', ');
}
