/**
 * Decides from an estimate of memory whether a frame is restored whole, and how large its tiles may be.
 */
import { totalmem } from 'node:os';
import { reduction, type Size, sizeMultiple } from '../edvr/geometry.js';
import { type MemoryNeeds, memoryNeeds } from '../edvr/memory.js';
import type { EdvrOptions } from '../edvr/options.js';
import { receptiveField } from '../edvr/receptive-field.js';
import type { TiledOptions } from './tiled-engine.js';

/** What is assumed of the engine. */
export interface FrameMemoryOptions {
  readonly incremental: boolean;
  /** Default: half of the machine's memory, at most 4 GiB. */
  readonly budgetBytes?: number | undefined;
}

const MOST_BYTES = 4 * 2 ** 30;
/** Resident over estimated, measured with edvr-m at 240×136: memory kept between runs is taken twice, see EdvrSession. */
const KEPT = 2;
const SPARING = 1.3;
/** Float pictures of frame size alive while tiles are joined and rounded: strips, pieces, the joined one. */
const PICTURES = 3;
/** Default overlap, in pixels of the features. */
const OVERLAP = 32;

/** Sizes in memory, of one network. Estimates are kept by size. */
export class FrameMemory {
  readonly #options: EdvrOptions;
  readonly #incremental: boolean;
  readonly #budget: number;
  readonly #needs = new Map<string, MemoryNeeds>();

  constructor(options: EdvrOptions, { incremental, budgetBytes }: FrameMemoryOptions) {
    this.#options = options;
    this.#incremental = incremental;
    this.#budget = budgetBytes ?? Math.min(totalmem() / 2, MOST_BYTES);
  }

  /** Whether a frame is restored whole. */
  fitsWhole(frame: Size, tile: Size | 'auto'): boolean {
    if (tile !== 'auto') {
      return frame.width <= tile.width && frame.height <= tile.height;
    }
    return this.#whole(frame) <= this.#budget;
  }

  /** Bytes that restoring frames of a size takes: whole, or in tiles that keep to the budget. */
  needed(frame: Size, tile: Size | 'auto' | 'off'): number {
    return tile === 'off' || this.fitsWhole(frame, tile)
      ? this.#whole(frame)
      : Math.min(this.#whole(frame), this.#budget);
  }

  /** What a {@link TiledEngine} needs to know. */
  tiledOptions(tile: Size | 'auto', overlap: TiledOptions['overlap'] | undefined): TiledOptions {
    return {
      tile,
      overlap: overlap ?? OVERLAP * reduction(this.#options),
      multiple: sizeMultiple(this.#options),
      receptiveField: receptiveField(this.#options),
      fits: (size, frame) => this.#tile(size) + this.#canvas(size, frame) <= this.#budget,
      keeps: (size, frame, tiles) =>
        this.#tile(size) + this.#canvas(size, frame) + (tiles - 1) * this.#window(this.#of(size).pyramid) <=
        this.#budget,
    };
  }

  #whole(frame: Size): number {
    const { pyramid, working, output } = this.#of(frame);
    return this.#window(pyramid) + KEPT * working + output;
  }

  /** One tile at work. */
  #tile(size: Size): number {
    const { pyramid, working, output } = this.#of(size);
    return this.#window(pyramid) + SPARING * working + output;
  }

  /** Pictures of the whole frame; none where the tile is the frame. */
  #canvas(tile: Size, frame: Size): number {
    const pixelBytes = this.#of(tile).output / (tile.width * tile.height);
    return tile.width < frame.width || tile.height < frame.height
      ? PICTURES * pixelBytes * frame.width * frame.height
      : 0;
  }

  /** The pyramids of a window and of the frame that comes. */
  #window(pyramid: number): number {
    return (this.#options.numFrame + 1) * pyramid;
  }

  #of(size: Size): MemoryNeeds {
    const key = `${size.width}x${size.height}`;
    let needs = this.#needs.get(key);
    if (needs === undefined) {
      needs = memoryNeeds({
        options: this.#options,
        size: { width: size.width, height: size.height },
        output: 'float32',
        incremental: this.#incremental,
        offsets: 'reach',
      });
      this.#needs.set(key, needs);
    }
    return needs;
  }
}
