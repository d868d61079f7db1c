/**
 * Self-ensemble (Sec. 4.4): the mean of several passes, each over a turned window and turned back.
 *
 *     window ─▶ as it is ───────────▶ engine ───────────▶ ┐
 *         └──▶ mirrored left–right ─▶ engine ─▶ back ───▶ mean ─▶ picture
 *         └──▶ …                                          ┘
 *
 * Each pass is a stream of its own to the engine, so that its pyramids are kept like any other's.
 */
import type { Size } from '../edvr/geometry.js';
import type { FallbackReason, Frame } from '../frame/frame.js';
import type { FrameWindow } from '../window/frame-window.js';
import { type FloatEngine, type FloatPicture, sumOfTimings } from './float-engine.js';
import { meanGraph, type Orientation, orientationName, orientations, turnedDims, turnGraph } from './picture-graphs.js';
import type { PictureOps } from './picture-ops.js';

/** 4: flips, as the paper's "+" networks; 8: the transposed flips as well. */
export type SelfEnsemble = 4 | 8;

/** Takes over the engine; the picture worker stays its owner's. */
export class SelfEnsembleEngine implements FloatEngine {
  readonly spec: FloatEngine['spec'];
  readonly #inner: FloatEngine;
  readonly #pictures: PictureOps;
  readonly #passes: readonly Orientation[];
  /** Turned frames of each pass's last window, by the pass's stream and seq. */
  readonly #turned = new Map<string, ReadonlyMap<number, Frame>>();

  constructor(inner: FloatEngine, pictures: PictureOps, passes: SelfEnsemble) {
    this.#inner = inner;
    this.#pictures = pictures;
    this.#passes = orientations.slice(0, passes);
    this.spec = inner.spec;
  }

  get pids(): readonly number[] {
    return this.#inner.pids ?? [];
  }

  /** What every pass needs: transposed frames have a size of their own. */
  async open({ width, height }: Size): Promise<void> {
    const sizes = this.#passes.map(({ transpose }) =>
      transpose ? { width: height, height: width } : { width, height },
    );
    await Promise.all(sizes.map((size) => this.#inner.open?.(size)));
  }

  /** Nothing: of eight passes the first alone would be ahead. */
  prepare(): void {}

  async restore(stream: string, window: FrameWindow): Promise<FloatPicture> {
    const passes: FloatPicture[] = [];
    for (const orientation of this.#passes) {
      const turned = await this.#turnedWindow(stream, window, orientation);
      passes.push(await this.#inner.restore(passStream(stream, orientation), turned));
    }
    const { reference } = window;
    const width = reference.width * this.spec.scale;
    const height = reference.height * this.spec.scale;
    const dims = [height, width, 3];
    const mean = await this.#pictures.run({
      key: `mean ${this.#passes.length} ${dims}`,
      graph: () => meanGraph(dims, this.#passes),
      inputs: passes.map(({ data }) => data),
      owned: true,
    });
    return {
      width,
      height,
      data: new Float32Array(mean),
      timing: sumOfTimings(passes.map(({ timing }) => timing)),
      reach: Math.max(...passes.map(({ reach }) => reach)),
      ...firstFallback(passes),
    };
  }

  setStrength(strength: number): void {
    this.#inner.setStrength?.(strength);
  }

  forget(stream: string): void {
    for (const orientation of this.#passes) {
      const name = passStream(stream, orientation);
      this.#inner.forget(name);
      this.#turned.delete(name);
    }
  }

  dispose(): Promise<void> {
    this.#turned.clear();
    return this.#inner.dispose();
  }

  /** The window's frames turned; those of the window before are not turned again. */
  async #turnedWindow(stream: string, window: FrameWindow, orientation: Orientation): Promise<FrameWindow> {
    if (orientationName(orientation) === '') {
      return window;
    }
    const name = passStream(stream, orientation);
    const kept = this.#turned.get(name);
    const turned = new Map<number, Frame>();
    for (const frame of window.frames) {
      if (!turned.has(frame.seq)) {
        turned.set(frame.seq, kept?.get(frame.seq) ?? (await this.#turn(frame, orientation)));
      }
    }
    this.#turned.set(name, turned);
    const frames = window.frames.map((frame) => turned.get(frame.seq) as Frame);
    return { reference: turned.get(window.reference.seq) as Frame, frames };
  }

  async #turn(frame: Frame, orientation: Orientation): Promise<Frame> {
    const dims = [frame.height, frame.width, 3];
    const turned = await this.#pictures.run({
      key: `turn ${orientationName(orientation)} ${dims}`,
      graph: () => turnGraph(dims, orientation),
      inputs: [frame.data],
      owned: false,
    });
    const [height = 0, width = 0] = turnedDims(dims, orientation);
    const { lease: _lease, ...place } = frame;
    return { ...place, width, height, data: new Uint8Array(turned) };
  }
}

/** The first reason among pictures that become one; nothing where all were restored. */
export function firstFallback(pictures: readonly FloatPicture[]): { readonly fallback?: FallbackReason } {
  const fallback = pictures.find((picture) => picture.fallback !== undefined)?.fallback;
  return fallback === undefined ? {} : { fallback };
}

function passStream(stream: string, orientation: Orientation): string {
  const name = orientationName(orientation);
  return name === '' ? stream : `${stream}#${name}`;
}
