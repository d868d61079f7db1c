/**
 * What Table 4 compares PCD with: alignment at the finest level alone, by one deformable convolution or by four.
 *
 *     Model 1   [neighbour, reference] ─▶ 3 convs ─▶ offset;  neighbour ─▶ DConv ─▶ aligned
 *     Model 2                                        offset ─▶ DConv ─▶ DConv ─▶ offset';  neighbour ─▶ DConv ─▶ DConv ─▶ aligned
 *
 * The paper says no more of Model 2 than that it has four deformable convolutions, as TDAN has: the first two work on
 * the joint features that the offsets come from, the third samples the neighbour, the fourth what the third gave.
 */
import type { Value } from '../onnx/graph-file.js';
import { deformableConv } from './deformable-conv.js';
import type { Features } from './feature-pyramid.js';
import { firstOffset } from './first-offset.js';
import { conv, type Network } from './network.js';

/** Model 1: Eq. 1 once, with the offsets of Eq. 2, ΔP_{t+i} = f([F_{t+i}, F_t]). */
export function singleAlign(net: Network, neighbour: Features, reference: Features, incremental: boolean): Value {
  const offset = jointOffset(net, neighbour, reference, incremental);
  return deformableConv(net, neighbour('l1'), offset, 'align.dcn_pack.0', 'lrelu');
}

/** Model 2: each deformable convolution takes its offsets from the features before it. */
export function stackedAlign(net: Network, neighbour: Features, reference: Features, incremental: boolean): Value {
  const joint = jointOffset(net, neighbour, reference, incremental);
  const first = deformableConv(net, joint, joint, 'align.dcn_pack.0', 'lrelu');
  const second = deformableConv(net, first, first, 'align.dcn_pack.1', 'lrelu');
  const sampled = deformableConv(net, neighbour('l1'), second, 'align.dcn_pack.2', 'lrelu');
  return deformableConv(net, sampled, sampled, 'align.dcn_pack.3', 'lrelu');
}

/** f of Eq. 2: as many convolutions as PCD has at L1. */
function jointOffset(net: Network, neighbour: Features, reference: Features, incremental: boolean): Value {
  const nf = net.options.numFeat;
  const first = firstOffset(net, neighbour, reference, 'l1', incremental);
  const second = conv(net, first, 'align.offset_conv2', nf, { activation: 'lrelu' });
  return conv(net, second, 'align.offset_conv3', nf, { activation: 'lrelu' });
}
