/**
 * Alignment by optical flow: one deformable convolution whose offsets are the flow and what is learnt beyond it.
 *
 *     guided   flow ─▶ neighbour's features sampled ┐
 *                       reference's features ───────┴─▶ 2 convs ─▶ offset + flow;  features ─▶ DConv ─▶ aligned
 *     flow     learnt places + flow;  neighbour's pixels ─▶ DConv ─▶ aligned
 *
 * PCD learns to find the neighbours, for which a small network has too few channels; here Lucas–Kanade finds them and the
 * network learns what to take from there (as Chan et al. 2022, BasicVSR++, Eq. 4–6, guide theirs by a flow network).
 */
import type { Value } from '../onnx/graph-file.js';
import type { Dims } from '../onnx/tensor.js';
import { deformableConv, tapsFrom } from './deformable-conv.js';
import type { Features } from './feature-pyramid.js';
import { opticalFlow, sampled } from './lucas-kanade.js';
import { activate, conv, type Network } from './network.js';

/** A neighbour's features aligned to the reference's, (1, nf, h, w). */
export function guidedAlign(net: Network, neighbour: Features, reference: Features): Value {
  const { graph } = net;
  const nf = net.options.numFeat;
  const flow = opticalFlow(net, reference, neighbour);
  const pair = graph.concat([sampled(graph, neighbour('l1'), flow), reference('l1')], 1);
  const first = conv(net, pair, 'align.offset_conv1', nf, { activation: 'lrelu' });
  const offset = conv(net, first, 'align.offset_conv2', nf, { activation: 'lrelu' });
  return deformableConv(net, neighbour('l1'), offset, 'align.dcn_pack', 'lrelu', flow);
}

/**
 * A neighbour's pixels as features in the places of the reference's, (1, nf, h, w): of nine places around each pixel, or, at
 * 1/s of the size, of each pixel of an s × s block.
 */
export function flowAlign(net: Network, neighbour: Features, reference: Features): Value {
  const { graph } = net;
  const { numFeat: nf, featureStride: stride } = net.options;
  const [side, pad] = stride === 1 ? [3, 1] : [stride, 0];
  const parameter = (key: string, dims: Dims) => graph.initializer(net.parameter(`align.${key}`, dims));
  const taps = side * side;
  const places = graph.reshape(parameter('offset', [2 * taps]), [1, 2 * taps, 1, 1]);
  const offset = graph.add(tapsFrom(graph, opticalFlow(net, reference, neighbour), taps), places);
  // Those who watch count in pixels of L1.
  net.onOffsets?.(stride === 1 ? offset : graph.mul(offset, graph.scalar(1 / stride)), 'align');
  const aligned = graph.deformConv(
    neighbour('pixels'),
    parameter('weight', [nf, 3, side, side]),
    parameter('bias', [nf]),
    { offset, groups: 1 },
    { stride: [stride, stride], pad: [pad, pad], label: 'align' },
  );
  return activate(net, aligned, 'lrelu');
}
