/**
 * Reconstruction (Sec. 3.1): residual blocks over the fused features, in the live models also over the reference frame.
 */
import type { Value } from '../onnx/graph-file.js';
import { convOverFrame } from './frame-input.js';
import { activate, channelsOf, conv, type Network, residualBlocks } from './network.js';
import { finerBy } from './options.js';
import { inputChannels } from './parameters.js';

/**
 * Fused features (1, nf, h, w) → (1, nr, k·h, k·w), k = featureStride / reconstructStride, 1 unless told. A convolution
 * comes first where nr differs from nf or the reference's pixels, uint8 (H, W, 3), take part.
 */
export function reconstruct(net: Network, fused: Value, pixels: Value): Value {
  const { numFeat, numReconstructFeat: nr, numReconstructBlock, reconstructStride } = net.options;
  let wide = fused;
  if (reconstructStride !== undefined) wide = withReference(net, fused, pixels, reconstructStride);
  else if (nr !== numFeat) wide = conv(net, fused, 'conv_reconstruct', nr, { activation: 'lrelu' });
  return residualBlocks(net, wide, 'reconstruction', numReconstructBlock);
}

/**
 * `conv_reconstruct` over [fused at the size of reconstruction, reference in space-to-depth form], and its lrelu: as the
 * sum of its two halves, so that the pixels are read as they lie.
 */
function withReference(net: Network, fused: Value, pixels: Value, stride: number): Value {
  const { graph } = net;
  const key = 'conv_reconstruct';
  const nr = net.options.numReconstructFeat;
  const k = finerBy(net.options);
  const finer = k === 1 ? fused : graph.pixelShuffle(fused, k);
  const features = channelsOf(finer);
  const inputs = features + 3 * stride ** 2;
  const weight = net.parameter(`${key}.weight`, [nr, inputs, 3, 3]);
  const bias = graph.initializer(net.parameter(`${key}.bias`, [nr]));
  const ofFeatures = graph.initializer(inputChannels(weight, 0, features));
  const seen = graph.conv(finer, ofFeatures, undefined, { pad: [1, 1], label: key });
  const own = convOverFrame(net, pixels, inputChannels(weight, features, inputs), bias, { stride, label: key });
  return activate(net, graph.add(seen, own), 'lrelu');
}
