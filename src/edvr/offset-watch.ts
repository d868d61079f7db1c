/**
 * Watching the offsets of deformable convolutions: how a graph reports them, and what the report means.
 *
 * Trained offsets follow motion. Weights that don't fit, or a picture far from what they were trained on, can send them
 * anywhere; then the aligned features are noise, and the reference frame alone is the better picture.
 */
import type { GraphBuilder } from '../onnx/graph-builder.js';
import type { Value } from '../onnx/graph-file.js';
import { type Dims, elementCount } from '../onnx/tensor.js';

/**
 * What the restore graph reports of its offsets. 'energy': a sum of squares for each field, which costs the live path next
 * to nothing and carries a NaN or an infinity through. 'reach': the largest displacement as well, which tiling needs.
 */
export type OffsetReport = 'energy' | 'reach';

/** A field of offsets as a deformable convolution uses it. */
export interface OffsetField {
  /** Checkpoint key of the convolution. */
  readonly key: string;
  /** (1, 18·groups, h, w) */
  readonly dims: Dims;
}

/** Why offsets are not usable. */
export type OffsetFault = 'offsets-not-finite' | 'offsets-absurd';

/** Outputs of the restore graph, one number a field. */
export const ENERGY = 'offset_energy';
export const LARGEST = 'offset_largest';

/** Declares the outputs that report on `offsets`, (1, 18·groups, h, w) each. */
export function reportOffsets(graph: GraphBuilder, offsets: readonly Value[], report: OffsetReport): void {
  if (offsets.length === 0) return;
  graph.output(
    ENERGY,
    graph.concat(
      offsets.map((offset) => graph.sumOfSquares(offset)),
      0,
    ),
  );
  if (report === 'reach')
    graph.output(
      LARGEST,
      graph.concat(
        offsets.map((offset) => graph.largest(offset)),
        0,
      ),
    );
}

/** The authors' code warns where offsets average more than this, in pixels of their level. */
const FARTHEST = 50;

/**
 * What is wrong with a window's offsets, if anything: a field is absurd when its root mean square is both above 50 pixels
 * of its level and above a quarter of its picture's longer side: no motion between neighbouring frames is that large.
 */
export function offsetFault(fields: readonly OffsetField[], energies: Float32Array): OffsetFault | undefined {
  if (!energies.every(Number.isFinite)) return 'offsets-not-finite';
  const absurd = fields.some(({ dims }, i) => {
    const rms = Math.sqrt((energies[i] ?? 0) / elementCount(dims));
    return rms > Math.max(FARTHEST, Math.max(...dims.slice(2)) / 4);
  });
  return absurd ? 'offsets-absurd' : undefined;
}

/**
 * How far the deformable convolutions of a window fetch features beyond where the others look, in pixels of the frame:
 * displacements of convolutions in a row add up; the levels of a pyramid stand side by side, so that the farthest counts.
 *
 * @param frameWidth width of the padded frame, which tells the pixels of each field apart
 */
export function offsetReach(fields: readonly OffsetField[], largest: Float32Array, frameWidth: number): number {
  let levels = 0;
  let inARow = 0;
  const rows = new Map<string, number>();
  for (const [i, { key, dims }] of fields.entries()) {
    const reach = (largest[i] ?? 0) * (frameWidth / (dims[3] ?? frameWidth));
    if (key.startsWith('pcd_align.dcn_pack.')) levels = Math.max(levels, reach);
    else rows.set(key, Math.max(rows.get(key) ?? 0, reach));
  }
  for (const reach of rows.values()) inARow += reach;
  return levels + inARow;
}
