/**
 * The paper's tail: two sub-pixel steps to output size, two convolutions there, plus the upsampled reference.
 */
import type { Value } from '../onnx/graph-file.js';
import { activate, channelsOf, conv, type Network, weakened } from './network.js';
import { outputScale } from './options.js';
import { scaled } from './parameters.js';

/** Channels of the two convolutions at output size, whatever nf is. */
const HR_CHANNELS = 64;

/**
 * Features (1, nr, h, w) and the reference's pixels, uint8 (1, 3, H, W) → (1, 3, 4h, 4w), float32 in 0–`range`.
 * The range is folded into the last convolution.
 */
export function paperTail(net: Network, features: Value, pixels: Value, range: number): Value {
  const { graph, options } = net;
  const first = graph.pixelShuffle(conv(net, features, 'upconv1', 4 * options.numFeat), 2);
  const second = graph.pixelShuffle(conv(net, activate(net, first, 'lrelu'), 'upconv2', 4 * HR_CHANNELS), 2);
  const fine = conv(net, activate(net, second, 'lrelu'), 'conv_hr', HR_CHANNELS, { activation: 'lrelu' });
  const weight = graph.initializer(scaled(net.parameter('conv_last.weight', [3, channelsOf(fine), 3, 3]), range));
  const bias = graph.initializer(scaled(net.parameter('conv_last.bias', [3]), range));
  const residual = graph.conv(fine, weight, bias, { pad: [1, 1], label: 'conv_last' });
  return graph.add(weakened(net, residual), upsampledReference(net, pixels, range));
}

/** The reference frame, bilinear to output size (itself where the sizes agree), in 0–`range`. */
export function upsampledReference(net: Network, pixels: Value, range: number): Value {
  const { graph } = net;
  const [h = 0, w = 0] = pixels.dims;
  const planes = graph.cast(graph.reshape(graph.transpose(pixels, [2, 0, 1]), [1, 3, h, w]), 'float32');
  const ranged = range === 255 ? planes : graph.mul(planes, graph.scalar(range / 255));
  const scale = outputScale(net.options);
  return scale === 1 ? ranged : graph.upsample(ranged, scale);
}
