/**
 * TSA fusion (Sec. 3.3, Eq. 5–7): temporal attention weighs the frames per pixel, spatial attention the fused features.
 */
import type { Value } from '../onnx/graph-file.js';
import { type Activation, activate, conv, type Network, up2 } from './network.js';

/** T aligned features (1, nf, h, w) in order of time → (1, nf, h, w). Without TSA a bare 1×1 convolution. */
export function fuse(net: Network, aligned: readonly Value[], reference: Value): Value {
  if (net.options.withTsa) return spatialAttention(net, temporalAttention(net, aligned, reference));
  return conv(net, net.graph.concat(aligned, 1), 'fusion', net.options.numFeat, { kernel: 1 });
}

/** The frames weighed per pixel by their likeness to the reference, joined frame-major: (1, T·nf, h, w). */
function temporalAttention(net: Network, aligned: readonly Value[], reference: Value): Value {
  const { graph } = net;
  const nf = net.options.numFeat;
  const [n = 1, , h = 1, w = 1] = reference.dims;
  const embeddedReference = conv(net, reference, 'fusion.temporal_attn1', nf);
  const weighted = aligned.map((frame) => {
    // Eq. 5: h(F_i, F_t) = sigmoid(θ(F_i)ᵀ φ(F_t)), per pixel, not divided by nf.
    const product = graph.mul(conv(net, frame, 'fusion.temporal_attn2', nf), embeddedReference);
    const inputs = [product, graph.ints([1])];
    const similarity = graph.node('ReduceSum', inputs, [n, 1, h, w], { attributes: { keepdims: 1 } });
    // Eq. 6: F̃_i = F_i ⊙ h(F_i, F_t)
    return graph.mul(frame, activate(net, similarity, 'sigmoid'));
  });
  return graph.concat(weighted, 1);
}

/** The fused features, weighed per pixel and channel by an attention that is gathered over a pyramid. */
function spatialAttention(net: Network, modulated: Value): Value {
  const { graph } = net;
  const layer = (x: Value, name: string, kernel: 1 | 3, activation: Activation = 'lrelu') =>
    conv(net, x, `fusion.${name}`, net.options.numFeat, { kernel, activation });

  // Eq. 7: F_fusion = Conv([F̃_{t−N}, …, F̃_t, …, F̃_{t+N}])
  const feature = layer(modulated, 'feat_fusion', 1);
  const half = layer(pooled(net, layer(modulated, 'spatial_attn1', 1)), 'spatial_attn2', 1);

  const quarter = layer(pooled(net, layer(half, 'spatial_attn_l1', 1)), 'spatial_attn_l2', 3);
  const level = up2(net, layer(quarter, 'spatial_attn_l3', 3));
  const gathered = graph.add(layer(half, 'spatial_attn3', 3), level);

  const attention = layer(up2(net, layer(gathered, 'spatial_attn4', 1)), 'spatial_attn5', 3, 'none');
  const addition = layer(layer(attention, 'spatial_attn_add1', 1), 'spatial_attn_add2', 1, 'none');
  // The 2 leaves features as they are where the attention is zero.
  const weighted = graph.mul(graph.mul(feature, activate(net, attention, 'sigmoid')), graph.scalar(2));
  return graph.add(weighted, addition);
}

/** [max, average] of 3×3 at stride 2: (n, c, h, w) → (n, 2c, h/2, w/2). */
function pooled(net: Network, x: Value): Value {
  return net.graph.concat([net.graph.pool(x, 'max'), net.graph.pool(x, 'average')], 1);
}
