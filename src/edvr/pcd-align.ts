/**
 * PCD alignment (Sec. 3.2, Eq. 2–4): pyramid, cascading, deformable; from the coarsest level up, then once more.
 *
 *     L3  offset ─▶ DConv ─────────────┐
 *          └×2 up  └up2                │  each level starts from
 *     L2  offset ─▶ DConv ─▶ feat_conv │  what the coarser one found
 *          └×2 up  └up2                │
 *     L1  offset ─▶ DConv ─▶ feat_conv ┘─▶ cascade: offset ─▶ DConv ─▶ aligned
 */
import type { Value } from '../onnx/graph-file.js';
import { deformableConv } from './deformable-conv.js';
import { type Features, type Level, levels, nearHalf } from './feature-pyramid.js';
import { firstOffset } from './first-offset.js';
import { activate, conv, type Network, up2 } from './network.js';

/** What a level hands to the next finer one, both already at that one's size. */
interface Coarser {
  readonly offset: Value;
  readonly feature: Value;
}

/**
 * A neighbour's features aligned to the reference's, (1, nf, h, w) at L1. With `incremental` the first offset
 * convolutions take their per-frame halves from the pyramids.
 */
export function pcdAlign(net: Network, neighbour: Features, reference: Features, incremental: boolean): Value {
  let coarser: Coarser | undefined;
  let feature = neighbour('l1');
  for (const level of levels) {
    const offset = levelOffset(net, firstOffset(net, neighbour, reference, level, incremental), coarser, level);
    feature = levelFeature(net, neighbour(level), offset, coarser, level);
    if (level !== 'l1') coarser = { offset: up2(net, offset), feature: up2(net, feature) };
  }
  return cascade(net, feature, reference, incremental);
}

/** Eq. 3: ΔP^l_{t+i} = f([F_{t+i}, F_t], (ΔP^{l+1}_{t+i})↑2), as a feature map of nf channels. */
function levelOffset(net: Network, first: Value, coarser: Coarser | undefined, level: Level): Value {
  const nf = net.options.numFeat;
  const key = `pcd_align.offset_conv2.${level}`;
  if (coarser === undefined) return conv(net, first, key, nf, { activation: 'lrelu' });
  // Displacements double with the resolution: the coarser level's count twice.
  const gains = Array.from({ length: 2 * nf }, (_, channel) => (channel < nf ? 1 : 2));
  const joined = net.graph.concat([first, coarser.offset], 1);
  const second = conv(net, joined, key, nf, { activation: 'lrelu', gains });
  return conv(net, second, `pcd_align.offset_conv3.${level}`, nf, { activation: 'lrelu' });
}

/** Eq. 4: (F^a_{t+i})^l = g(DConv(F^l_{t+i}, ΔP^l_{t+i}), ((F^a_{t+i})^{l+1})↑2); lrelu but for L1. */
function levelFeature(net: Network, near: Value, offset: Value, coarser: Coarser | undefined, level: Level): Value {
  const activation = level === 'l1' ? 'none' : 'lrelu';
  const key = `pcd_align.dcn_pack.${level}`;
  if (coarser === undefined) return deformableConv(net, near, offset, key, activation);
  const sampled = deformableConv(net, near, offset, key, 'none');
  const joined = net.graph.concat([sampled, coarser.feature], 1);
  return conv(net, joined, `pcd_align.feat_conv.${level}`, net.options.numFeat, { activation });
}

/** The cascade: the aligned features are compared with the reference once more, and sampled once more. */
function cascade(net: Network, feature: Value, reference: Features, incremental: boolean): Value {
  const nf = net.options.numFeat;
  const key = 'pcd_align.cas_offset_conv1';
  const first = incremental
    ? activate(net, net.graph.add(nearHalf(net, feature, key), reference('reference.cas')), 'lrelu')
    : conv(net, net.graph.concat([feature, reference('l1')], 1), key, nf, { activation: 'lrelu' });
  const offset = conv(net, first, 'pcd_align.cas_offset_conv2', nf, { activation: 'lrelu' });
  return deformableConv(net, feature, offset, 'pcd_align.cas_dcnpack', 'lrelu');
}
