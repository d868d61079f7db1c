/**
 * Modulated deformable convolution (Eq. 1; DCNv2), 3×3, padding 1: offsets and masks come from a feature map of their own.
 */
import type { GraphBuilder } from '../onnx/graph-builder.js';
import type { Value } from '../onnx/graph-file.js';
import { type Activation, activate, channelsOf, type Network } from './network.js';
import { outputRows } from './parameters.js';

/** Taps of a 3×3 kernel. */
export const TAPS = 9;

/** Offsets (1, 2·taps, h, w) by which every tap starts from where `flow` (1, 2, h, w), Δy and Δx, points. */
export function tapsFrom(graph: GraphBuilder, flow: Value, taps: number): Value {
  return graph.concat(
    Array.from({ length: taps }, () => flow),
    1,
  );
}

/**
 * Samples `x` (n, c, h, w) where `offsetFeature` (n, c, h, w) says; gives (n, c, h, w).
 *
 * `conv_offset` makes 27·g channels of the feature, g groups: the first 18·g are offsets, channel 2·(g·9 + k) Δy and the
 * next Δx of tap k; the last 9·g are masks before their sigmoid. The two parts are made by two convolutions over the
 * rows of one weight, which saves cutting the result. With `flow` (n, 2, h, w), Δy and Δx, every tap starts from where it
 * points.
 */
export function deformableConv(
  net: Network,
  x: Value,
  offsetFeature: Value,
  key: string,
  activation: Activation,
  flow?: Value,
): Value {
  const { graph } = net;
  const c = channelsOf(x);
  const groups = net.options.deformableGroups;
  const weight = net.parameter(`${key}.conv_offset.weight`, [3 * TAPS * groups, channelsOf(offsetFeature), 3, 3]);
  const bias = net.parameter(`${key}.conv_offset.bias`, [3 * TAPS * groups]);
  const rows = (from: number, to: number) =>
    graph.conv(
      offsetFeature,
      graph.initializer(outputRows(weight, from, to)),
      graph.initializer(outputRows(bias, from, to)),
      {
        pad: [1, 1],
        label: `${key}.conv_offset`,
      },
    );
  const learnt = rows(0, 2 * TAPS * groups);
  const offset = flow === undefined ? learnt : graph.add(learnt, tapsFrom(graph, flow, TAPS * groups));
  net.onOffsets?.(offset, key);
  const mask = activate(net, rows(2 * TAPS * groups, 3 * TAPS * groups), 'sigmoid');
  // Eq. 1: y(p0) = Σ_k w_k · x(p0 + p_k + Δp_k) · Δm_k
  const kernel = graph.initializer(net.parameter(`${key}.weight`, [c, c, 3, 3]));
  const shift = graph.initializer(net.parameter(`${key}.bias`, [c]));
  return activate(
    net,
    graph.deformConv(x, kernel, shift, { offset, mask, groups }, { pad: [1, 1], label: key }),
    activation,
  );
}
