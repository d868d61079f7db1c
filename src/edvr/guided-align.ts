/**
 * Alignment by optical flow: one deformable convolution whose offsets are the flow and what is learnt beyond it.
 *
 *     guided   flow ─▶ neighbour's features sampled ┐
 *                       reference's features ───────┴─▶ 2 convs ─▶ offset + flow;  features ─▶ DConv ─▶ aligned
 *     flow     nine learnt places + flow;  neighbour's pixels ─▶ DConv ─▶ aligned
 *
 * PCD learns to find the neighbours, for which a small network has too few channels; here Lucas–Kanade finds them and the
 * network learns what to take from there (as Chan et al. 2022, BasicVSR++, Eq. 4–6, guide theirs by a flow network).
 */
import type { Value } from '../onnx/graph-file.js';
import { deformableConv, TAPS, tapsFrom } from './deformable-conv.js';
import type { Features } from './feature-pyramid.js';
import { opticalFlow, sampled } from './lucas-kanade.js';
import { activate, conv, type Network } from './network.js';

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

/** A neighbour's pixels as features in the places of the reference's, (1, nf, h, w). */
export function flowAlign(net: Network, neighbour: Features, reference: Features): Value {
  const { graph } = net;
  const nf = net.options.numFeat;
  const places = graph.reshape(graph.initializer(net.parameter('align.offset', [2 * TAPS])), [1, 2 * TAPS, 1, 1]);
  const offset = graph.add(tapsFrom(graph, opticalFlow(graph, reference, neighbour), 1), places);
  net.onOffsets?.(offset, 'align');
  const [kernel, shift] = [net.parameter('align.weight', [nf, 3, 3, 3]), net.parameter('align.bias', [nf])].map(
    (parameter) => graph.initializer(parameter),
  ) as [Value, Value];
  return activate(net, graph.deformConv(neighbour('pixels'), kernel, shift, { offset, groups: 1 }, 'align'), 'lrelu');
}
