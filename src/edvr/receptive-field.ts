/**
 * How far around a pixel the network looks when its offsets are zero: what a tile must know beyond its own pixels.
 *
 * Distances are counted in pixels of L1, in the order a frame passes the sections: a 3×3 convolution looks one pixel of
 * its level further (2 of L1 at L2, 4 at L3), so does bilinear upsampling from its coarse side. Where ways join, the
 * farther counts. Networks of the ablation, which align at L1 alone, look less far than this.
 */
import { reduction } from './geometry.js';
import { flowReach, lumaShrink } from './lucas-kanade.js';
import { type EdvrOptions, finerBy, followsFlow } from './options.js';

/** The largest distance in pixels of the frame, along one axis, to each side. */
export function receptiveField(options: EdvrOptions): number {
  const { numReconstructBlock, numReconstructFeat, numFeat, withTsa, reconstructStride } = options;
  const l1 = pyramid(options);
  const aligned = followsFlow(options) ? flowAlignment(options, l1) : alignment(l1);
  // temporal_attn, then down two levels and up again: pool, pool, l2 and l3 of the level branch, up2 twice, attn5.
  const fused = withTsa ? aligned + 1 + (1 + 2 + 4 + 4 + 4 + 2 + 1) : aligned;
  const first = numReconstructFeat === numFeat && reconstructStride === undefined ? 0 : 1;
  // upconv1, then 1/2 + 1/4 + 1/4 of a pixel at output size; the light tail has one convolution and the skip.
  const reconstructed = first + 2 * numReconstructBlock + 2;
  const all = fused + Math.ceil(reconstructed / finerBy(options));
  // One more: a pixel of L1 is made of several of the frame.
  return reduction(options) === 1 ? all : (all + 1) * reduction(options);
}

/** L1 of a frame. */
function pyramid({ withPredeblur, hrIn, numExtractBlock }: EdvrOptions): number {
  // With hrIn the first convolutions stand before L1: 1/4 (twice) and 1/2 of its pixels.
  const first = 1 + (withPredeblur && hrIn ? 1 : 0);
  // stride_conv_l2, _l3, resblock_l3, up2, resblock_l2_2, up2, three of resblock_l1.
  const cleaned = withPredeblur ? 1 + 2 + 8 + 4 + 4 + 2 + 6 : 0;
  return first + cleaned + 2 * numExtractBlock;
}

/** Optical flow looks much farther than features do; where it is but a guide, offset_conv1, offset_conv2, conv_offset follow. */
function flowAlignment(options: EdvrOptions, l1: number): number {
  const reach = Math.ceil((flowReach * lumaShrink(options)) / reduction(options));
  return Math.max(reach, l1 + 1) + (options.alignment === 'guided' ? 3 : 1);
}

/** PCD over pyramids whose L1 looks as far as `l1`. */
function alignment(l1: number): number {
  const l2 = l1 + 1 + 2;
  const l3 = l2 + 2 + 4;
  // offset_conv1, offset_conv2 (and 3); conv_offset follows in the deformable convolution, which samples a tap away.
  const offset3 = l3 + 4 + 4;
  const feature3 = Math.max(l3 + 2 * 4, offset3 + 4);
  const offset2 = Math.max(l2 + 2, offset3 + 4) + 2 + 2;
  const feature2 = Math.max(l2 + 2 * 2, offset2 + 2, feature3 + 4) + 2;
  const offset1 = Math.max(l1 + 1, offset2 + 2) + 1 + 1;
  const feature1 = Math.max(l1 + 2, offset1 + 1, feature2 + 2) + 1;
  // cas_offset_conv1, cas_offset_conv2, conv_offset.
  return feature1 + 3;
}
