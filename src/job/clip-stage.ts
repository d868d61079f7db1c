/**
 * One stage of an evaluation: the windows of a clip, each frame of which is read or restored by the stage before.
 */
import type { Engine } from '../engine/engine.js';
import type { Frame } from '../frame/frame.js';
import { windowIndices } from '../window/padding.js';

/** A frame as a stage takes or gives it, beside the low-quality frame it goes back to. */
export interface StagedFrame {
  readonly frame: Frame;
  readonly source: Frame;
}

/** Gives the frames that a stage restores, by index. */
export type StageInput = (index: number) => Promise<StagedFrame>;

/** Holds one window of frames. */
export class ClipStage {
  readonly #engine: Engine;
  readonly #stream: string;
  readonly #length: number;
  readonly #input: StageInput;
  /** The frames of the current window, by index. */
  #frames = new Map<number, StagedFrame>();

  /** @param length frames of the clip. */
  constructor(engine: Engine, stream: string, length: number, input: StageInput) {
    this.#engine = engine;
    this.#stream = stream;
    this.#length = length;
    this.#input = input;
  }

  /** The window of frame `t`, padded at the clip's ends; asks for what the window before did not hold. */
  async window(t: number): Promise<readonly StagedFrame[]> {
    const { padding, window } = this.#engine.spec;
    const indices = windowIndices(padding, t, window, this.#length - 1);
    const frames = new Map<number, StagedFrame>();
    for (const index of indices) {
      frames.set(index, frames.get(index) ?? this.#frames.get(index) ?? (await this.#input(index)));
    }
    this.#frames = frames;
    return indices.map((index) => frames.get(index) as StagedFrame);
  }

  /** Starts restoring the middle of a window. */
  restore(window: readonly StagedFrame[]): Promise<StagedFrame> {
    const middle = window[window.length >> 1] as StagedFrame;
    const frames = window.map(({ frame }) => frame);
    const restoring = this.#engine
      .restore(this.#stream, { reference: middle.frame, frames })
      .then(({ frame }) => ({ frame, source: middle.source }));
    // Should reading or measuring fail first, this promise is never awaited: its own failure must not end the process.
    restoring.catch(() => undefined);
    return restoring;
  }

  /** Frame `t` restored, for the stage after this one. Its buffer is that stage's, and never goes back to the pool. */
  async restored(t: number): Promise<StagedFrame> {
    const { frame, source } = await this.restore(await this.window(t));
    const { lease: _lease, ...kept } = frame;
    return { frame: kept, source };
  }

  /** Drops what the engine keeps. */
  forget(): void {
    this.#engine.forget(this.#stream);
  }
}
