/**
 * How a frame is cut into tiles that overlap.
 *
 *     tile 0  ├──────────────────────────┤
 *     tile 1                   ├──────────────────────────┤
 *                              │context│ramp│context│
 *     used    ├──── tile 0 ────────────╲╱──── tile 1 ─────┤
 *
 * What a tile has within `context` pixels of an inner edge, or more, is computed and thrown away; across the ramp one tile
 * gives way to the next. All tiles have one size, so that one session serves them, and begin on multiples of `multiple`, so
 * that their pyramids are in phase with the frame's; the last one ends where the frame ends.
 */
import type { Size } from '../edvr/geometry.js';
import { LimpidError } from '../errors/limpid-error.js';
import type { Seam } from './picture-graphs.js';

/** Tiles along one axis, in pixels of the frame. */
export interface AxisPlan {
  readonly starts: readonly number[];
  /** Length of every tile. */
  readonly length: number;
}

/** Tiles of a frame. */
export interface TilePlan {
  readonly columns: AxisPlan;
  readonly rows: AxisPlan;
}

/** What tiles must keep to. */
export interface TileRules {
  /** Tiles begin on multiples of this. */
  readonly multiple: number;
  /** Pixels thrown away at each inner edge, at least. */
  readonly context: number;
  /** Pixels across which a tile gives way to the next; a multiple as well. */
  readonly ramp: number;
}

/** Cuts a frame into tiles of at most the given size. Throws ERR_USAGE where a tile is all overlap. */
export function planTiles(frame: Size, tile: Size, rules: TileRules): TilePlan {
  return {
    columns: planAxis(frame.width, tile.width, rules),
    rows: planAxis(frame.height, tile.height, rules),
  };
}

/** Number of tiles. */
export function tileCount({ columns, rows }: TilePlan): number {
  return columns.starts.length * rows.starts.length;
}

/**
 * The largest tiles that fit: the longer side is cut once more until they do. Throws ERR_FRAME_SIZE where even tiles that
 * are hardly more than overlap don't.
 */
export function planToFit(frame: Size, rules: TileRules, fits: (tile: Size) => boolean): TilePlan {
  const least = leastTile(rules);
  let columns = 1;
  let rows = 1;
  for (;;) {
    const tile = { width: tileSide(frame.width, columns, rules), height: tileSide(frame.height, rows, rules) };
    if (fits(tile)) {
      return planTiles(frame, tile, rules);
    }
    const wide = tile.width > least;
    const high = tile.height > least;
    if (!wide && !high) {
      throw new LimpidError(
        'ERR_FRAME_SIZE',
        `Expected a frame whose tiles fit into memory but received ${frame.width}x${frame.height}; a smaller overlap needs less`,
      );
    }
    if (wide && (tile.width >= tile.height || !high)) columns += 1;
    else rows += 1;
  }
}

/** Where the tiles of an axis give way to each other, in pixels of the output. */
export function seamsOf({ starts, length }: AxisPlan, { ramp }: TileRules, scale: number): readonly Seam[] {
  return starts.slice(1).map((after, i) => {
    const before = starts[i] ?? 0;
    // In the middle of what the two have in common.
    const from = Math.floor((after + before + length - ramp) / 2);
    return { before: (from - before) * scale, after: (from - after) * scale, length: ramp * scale };
  });
}

function planAxis(side: number, tile: number, rules: TileRules): AxisPlan {
  if (side <= tile) {
    return { starts: [0], length: side };
  }
  const { multiple } = rules;
  // The last tile ends with the frame: a tile is longer than a multiple by what the frame is.
  const length = tile - ((((tile - side) % multiple) + multiple) % multiple);
  const stride = Math.floor((length - shared(rules)) / multiple);
  if (stride < leastStride(rules)) {
    throw new LimpidError(
      'ERR_USAGE',
      `Expected tiles of at least ${leastTile(rules)} pixels a side with an overlap of ${rules.context} but received ${tile}`,
    );
  }
  const way = (side - length) / multiple;
  const steps = Math.ceil(way / stride);
  return { starts: Array.from({ length: steps + 1 }, (_, i) => Math.round((i * way) / steps) * multiple), length };
}

/** Side of a tile, of `count` along an axis; a multiple, unless it is the frame's own. */
function tileSide(side: number, count: number, rules: TileRules): number {
  if (count === 1) {
    return side;
  }
  const even = (side + (count - 1) * shared(rules)) / count;
  // One multiple more: tiles are cut down to the frame's phase, and begin on multiples.
  return Math.max(leastTile(rules), (Math.ceil(even / rules.multiple) + 1) * rules.multiple);
}

/** Least pixels that neighbours have in common. */
function shared({ context, ramp }: TileRules): number {
  return 2 * context + ramp;
}

/** Least way from a tile to the next, in multiples: then the ramps of its two edges never meet. */
function leastStride({ multiple, ramp }: TileRules): number {
  return (2 * ramp) / multiple;
}

/** Tiles of this side move on far enough, whatever the frame's phase. */
function leastTile(rules: TileRules): number {
  return (Math.ceil(shared(rules) / rules.multiple) + leastStride(rules) + 1) * rules.multiple;
}
