/**
 * Alignment guided by optical flow: one deformable convolution whose offsets are the flow and what is learnt beyond it.
 *
 *     flow ─▶ neighbour sampled ┐
 *                   reference ──┴─▶ 2 convs ─▶ offset + flow;  neighbour ─▶ DConv ─▶ aligned
 *
 * PCD learns to find the neighbours, for which a small network has too few channels; here Lucas–Kanade finds them and the
 * network learns what to take from there (as Chan et al. 2022, BasicVSR++, Eq. 4–6, guide theirs by a flow network).
 */
import type { Value } from '../onnx/graph-file.js';
import { deformableConv } from './deformable-conv.js';
import type { Features } from './feature-pyramid.js';
import { opticalFlow, sampled } from './lucas-kanade.js';
import { conv, type Network } from './network.js';

/** A neighbour's features aligned to the reference's, (1, nf, h, w). */
export function guidedAlign(net: Network, neighbour: Features, reference: Features): Value {
  const { graph } = net;
  const nf = net.options.numFeat;
  const flow = opticalFlow(graph, reference, neighbour);
  const pair = graph.concat([sampled(graph, neighbour('l1'), flow), reference('l1')], 1);
  const first = conv(net, pair, 'align.offset_conv1', nf, { activation: 'lrelu' });
  const offset = conv(net, first, 'align.offset_conv2', nf, { activation: 'lrelu' });
  return deformableConv(net, neighbour('l1'), offset, 'align.dcn_pack', 'lrelu', flow);
}
