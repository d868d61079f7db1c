/**
 * What every section of the network works with, and the building blocks they share.
 *
 * Features are (n, c, h, w) float32. LeakyReLU has slope 0.1 everywhere; residual blocks use ReLU.
 */
import type { GraphBuilder } from '../onnx/graph-builder.js';
import type { Value } from '../onnx/graph-file.js';
import type { EdvrOptions } from './options.js';
import { type ParameterSource, withChannelGains } from './parameters.js';

/** A network under construction. */
export interface Network {
  readonly graph: GraphBuilder;
  readonly options: EdvrOptions;
  readonly parameter: ParameterSource;
  /** What the restored residual is multiplied by, one element; absent: nothing. */
  readonly strength?: Value;
  /** Called with every field of offsets, (1, 18·groups, h, w), and the key of the convolution that uses it. */
  readonly onOffsets?: (offset: Value, key: string) => void;
}

/** What follows a convolution. */
export type Activation = 'none' | 'relu' | 'lrelu' | 'sigmoid';

/** How a convolution differs from 3×3, stride 1, no activation. */
export interface ConvSettings {
  readonly kernel?: 1 | 3;
  readonly stride?: 1 | 2;
  readonly activation?: Activation;
  /** A factor for each input channel, folded into the weight: it costs nothing at run time. */
  readonly gains?: readonly number[];
}

/** Slope of every LeakyReLU. */
const SLOPE = 0.1;

/** The convolution of a checkpoint key: 3×3 with zero padding 1 unless told, with bias. */
export function conv(net: Network, x: Value, key: string, outputs: number, settings: ConvSettings = {}): Value {
  const { kernel = 3, stride = 1, activation = 'none', gains = [] } = settings;
  const trained = net.parameter(`${key}.weight`, [outputs, channelsOf(x), kernel, kernel]);
  const weight = net.graph.initializer(withChannelGains(trained, gains));
  const bias = net.graph.initializer(net.parameter(`${key}.bias`, [outputs]));
  const pad = kernel >> 1;
  const y = net.graph.conv(x, weight, bias, { stride: [stride, stride], pad: [pad, pad], label: key });
  return activate(net, y, activation);
}

/** Applies an activation. */
export function activate(net: Network, x: Value, activation: Activation): Value {
  switch (activation) {
    case 'none':
      return x;
    case 'relu':
      return net.graph.relu(x);
    case 'lrelu':
      return net.graph.leakyRelu(x, SLOPE);
    case 'sigmoid':
      return net.graph.sigmoid(x);
  }
}

/** A residual block: conv3×3 → ReLU → conv3×3, plus identity; no normalisation. */
export function residualBlock(net: Network, x: Value, key: string): Value {
  const channels = channelsOf(x);
  const inner = conv(net, x, `${key}.conv1`, channels, { activation: 'relu' });
  return net.graph.add(conv(net, inner, `${key}.conv2`, channels), x);
}

/** Residual blocks `key.first` … in a row. */
export function residualBlocks(net: Network, x: Value, key: string, count: number, first = 0): Value {
  let y = x;
  for (let i = first; i < first + count; i++) y = residualBlock(net, y, `${key}.${i}`);
  return y;
}

/** Bilinear ×2, half-pixel centres, clamped at the edges. */
export function up2(net: Network, x: Value): Value {
  return net.graph.upsample(x, 2);
}

/** What is added to the upscaled reference, times the network's strength where it has one. */
export function weakened({ graph, strength }: Network, residual: Value): Value {
  return strength === undefined ? residual : graph.mul(residual, strength);
}

/** c of (n, c, h, w). */
export function channelsOf(x: Value): number {
  return x.dims[1] ?? 0;
}
