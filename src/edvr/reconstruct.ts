/**
 * Reconstruction (Sec. 3.1): residual blocks over the fused features.
 */
import type { Value } from '../onnx/graph-file.js';
import { conv, type Network, residualBlocks } from './network.js';

/** (1, nf, h, w) → (1, nr, h, w); where nr differs from nf a convolution comes first. */
export function reconstruct(net: Network, fused: Value): Value {
  const { numFeat, numReconstructFeat: nr, numReconstructBlock } = net.options;
  const wide = nr === numFeat ? fused : conv(net, fused, 'conv_reconstruct', nr, { activation: 'lrelu' });
  return residualBlocks(net, wide, 'reconstruction', numReconstructBlock);
}
