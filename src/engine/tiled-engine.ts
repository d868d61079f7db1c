/**
 * Tiled evaluation, for frames that don't fit into memory: tiles are restored one after the other and joined.
 *
 *     window ─▶ cut ─▶ tile 0 … tile n ─▶ engine, each a stream of its own ─▶ joined side by side, then one below the other
 *
 * With a context of the static receptive field and the farthest offset, the result is that of the whole frame. With less
 * it is not, but the ramp between tiles leaves no seam.
 */
import type { Size } from '../edvr/geometry.js';
import { LimpidError } from '../errors/limpid-error.js';
import type { Frame } from '../frame/frame.js';
import type { FrameWindow } from '../window/frame-window.js';
import { type FloatEngine, type FloatPicture, sumOfTimings } from './float-engine.js';
import { joinGraph } from './picture-graphs.js';
import type { PictureOps } from './picture-ops.js';
import { firstFallback } from './self-ensemble-engine.js';
import { planTiles, planToFit, seamsOf, type TilePlan, type TileRules, tileCount } from './tile-plan.js';

/** Options of {@link TiledEngine}. */
export interface TiledOptions {
  /** Largest tile; 'auto': the largest that fits. */
  readonly tile: Size | 'auto';
  /** Pixels thrown away at inner edges; 'exact': the receptive field and the farthest offset of the run. */
  readonly overlap: number | 'exact';
  /** Tiles begin on multiples of this. */
  readonly multiple: number;
  /** Static receptive field, pixels of the frame. */
  readonly receptiveField: number;
  /** Whether a tile of this size fits into memory, beside what a whole frame takes. */
  readonly fits: (tile: Size, frame: Size) => boolean;
  /** Whether the pyramids of that many tiles may be kept from one window to the next. */
  readonly keeps: (tile: Size, frame: Size, tiles: number) => boolean;
}

/** Ramp between tiles, in multiples. */
const RAMP_MULTIPLES = 4;
/** With 'exact', offsets are expected to reach this far before any was measured. */
const FIRST_REACH = 16;
/** What is allowed for beyond the farthest offset measured, so that a slightly farther one does not restore a frame anew. */
const REACH_MARGIN = 1.25;
/** Times a frame is cut anew because offsets reached farther than its tiles' context. */
const ATTEMPTS = 4;

/** Takes over the engine; the picture worker stays its owner's. */
export class TiledEngine implements FloatEngine {
  readonly spec: FloatEngine['spec'];
  readonly #inner: FloatEngine;
  readonly #pictures: PictureOps;
  readonly #options: TiledOptions;
  /** Tiles' streams in use, by stream. */
  readonly #streams = new Map<string, Set<string>>();
  /** How far offsets are expected to reach, pixels of the frame: the farthest measured in the run, and some more. */
  #reach = FIRST_REACH;

  constructor(inner: FloatEngine, pictures: PictureOps, options: TiledOptions) {
    this.#inner = inner;
    this.#pictures = pictures;
    this.#options = options;
    this.spec = inner.spec;
  }

  get pids(): readonly number[] {
    return this.#inner.pids ?? [];
  }

  /** What the tiles of a frame of this size need. */
  async open(frame: Size): Promise<void> {
    const { columns, rows } = this.#plan(frame, this.#rules());
    await this.#inner.open?.({ width: columns.length, height: rows.length });
  }

  /** Nothing: tiles are cut when they are restored. */
  prepare(): void {}

  async restore(stream: string, window: FrameWindow): Promise<FloatPicture> {
    for (let attempt = 1; ; attempt += 1) {
      const rules = this.#rules();
      const picture = await this.#restoreTiles(stream, window, rules);
      this.#reach = Math.max(this.#reach, Math.ceil(picture.reach * REACH_MARGIN));
      const enough = this.#options.overlap !== 'exact' || rules.context >= this.#options.receptiveField + picture.reach;
      if (enough) {
        return picture;
      }
      if (attempt === ATTEMPTS) {
        throw new LimpidError(
          'ERR_ENGINE',
          `Expected offsets to reach no farther than tiles overlap but they reached ${Math.ceil(picture.reach)} pixels; tile with an overlap in pixels instead of exact`,
        );
      }
      this.forget(stream);
    }
  }

  setStrength(strength: number): void {
    this.#inner.setStrength?.(strength);
  }

  forget(stream: string): void {
    for (const name of this.#streams.get(stream) ?? []) {
      this.#inner.forget(name);
    }
    this.#streams.delete(stream);
  }

  dispose(): Promise<void> {
    return this.#inner.dispose();
  }

  #rules(): TileRules {
    const { overlap, multiple, receptiveField } = this.#options;
    const context = overlap === 'exact' ? receptiveField + this.#reach : overlap;
    return { multiple, context, ramp: RAMP_MULTIPLES * multiple };
  }

  #plan(frame: Size, rules: TileRules): TilePlan {
    const { tile, fits } = this.#options;
    return tile === 'auto'
      ? planToFit(frame, rules, (candidate) => fits(candidate, frame))
      : planTiles(frame, tile, rules);
  }

  async #restoreTiles(stream: string, window: FrameWindow, rules: TileRules): Promise<FloatPicture> {
    const { reference } = window;
    const plan = this.#plan(reference, rules);
    const { columns, rows } = plan;
    const size = { width: columns.length, height: rows.length };
    const keeps = this.#options.keeps(size, reference, tileCount(plan));
    const strips: Float32Array<ArrayBuffer>[] = [];
    const tiles: FloatPicture[] = [];
    for (const top of rows.starts) {
      const row: FloatPicture[] = [];
      for (const left of columns.starts) {
        row.push(
          await this.#restoreTile(
            `${stream}#${size.width}x${size.height}+${left}+${top}`,
            stream,
            keeps,
            cut(window, { left, top, ...size }),
          ),
        );
      }
      strips.push(await this.#joinRow(row, columns, rules));
      tiles.push(...row.map((tile) => ({ ...tile, data: new Float32Array(0) })));
    }
    const { scale } = this.spec;
    const width = reference.width * scale;
    const height = reference.height * scale;
    return {
      width,
      height,
      data: await this.#join(
        0,
        strips,
        strips.map(() => [size.height * scale, width, 3]),
        seamsOf(rows, rules, scale),
      ),
      timing: sumOfTimings(tiles.map(({ timing }) => timing)),
      reach: Math.max(...tiles.map(({ reach }) => reach)),
      ...firstFallback(tiles),
    };
  }

  /** Restores one tile, whose pyramids are kept or dropped. */
  async #restoreTile(name: string, stream: string, keeps: boolean, window: FrameWindow): Promise<FloatPicture> {
    const names = this.#streams.get(stream) ?? new Set();
    this.#streams.set(stream, names.add(name));
    const picture = await this.#inner.restore(name, window);
    if (!keeps) {
      this.#inner.forget(name);
      names.delete(name);
    }
    return picture;
  }

  /** The tiles of a row side by side. */
  #joinRow(
    row: readonly FloatPicture[],
    columns: TilePlan['columns'],
    rules: TileRules,
  ): Promise<Float32Array<ArrayBuffer>> {
    const seams = seamsOf(columns, rules, this.spec.scale);
    return this.#join(
      1,
      row.map(({ data }) => data),
      row.map(({ width, height }) => [height, width, 3]),
      seams,
    );
  }

  async #join(
    axis: 0 | 1,
    parts: readonly Float32Array<ArrayBuffer>[],
    dims: readonly (readonly number[])[],
    seams: ReturnType<typeof seamsOf>,
  ): Promise<Float32Array<ArrayBuffer>> {
    const [only] = parts;
    if (parts.length === 1 && only !== undefined) {
      return only;
    }
    const joined = await this.#pictures.run({
      key: `join ${axis} ${dims.join(' ')} ${seams.map(({ before, after, length }) => `${before},${after},${length}`).join(' ')}`,
      graph: () => joinGraph(axis, dims, seams),
      inputs: parts,
      owned: true,
    });
    return new Float32Array(joined);
  }
}

/** The same part of every frame of a window; a frame that stands in it twice is cut once. */
function cut(window: FrameWindow, tile: Size & { readonly left: number; readonly top: number }): FrameWindow {
  if (tile.width === window.reference.width && tile.height === window.reference.height) {
    return window;
  }
  const cuts = new Map(window.frames.map((frame) => [frame.seq, cutFrame(frame, tile)]));
  const frames = window.frames.map((frame) => cuts.get(frame.seq) as Frame);
  return { frames, reference: cuts.get(window.reference.seq) as Frame };
}

function cutFrame(
  frame: Frame,
  { left, top, width, height }: Size & { readonly left: number; readonly top: number },
): Frame {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y += 1) {
    const from = ((top + y) * frame.width + left) * 3;
    data.set(frame.data.subarray(from, from + width * 3), y * width * 3);
  }
  const { lease: _lease, ...place } = frame;
  return { ...place, width, height, data };
}
