/**
 * TSA fusion (Sec. 3.3, Eq. 5–7): temporal attention weighs the frames per pixel, spatial attention the fused features.
 */
import type { Value } from '../onnx/graph-file.js';
import { type Activation, activate, conv, convOver, type Network, type Part, up2 } from './network.js';

/** T aligned features (1, nf, h, w) in order of time → (1, nf, h, w). Without TSA a bare 1×1 convolution. */
export function fuse(net: Network, aligned: readonly Value[], reference: Value): Value {
  const nf = net.options.numFeat;
  if (!net.options.withTsa) return convOver(net, parts(aligned), 'fusion', nf, { kernel: 1 });
  const modulated = temporalAttention(net, aligned, reference);
  return spatialAttention(net, modulated);
}

/** Eq. 5–6: F̃_i = F_i · h(F_i, F_t), T maps (1, nf, h, w) to be joined frame-major. */
function temporalAttention(net: Network, aligned: readonly Value[], reference: Value): readonly Value[] {
  const { graph } = net;
  const nf = net.options.numFeat;
  const [n = 1, , h = 1, w = 1] = reference.dims;
  const embeddedReference = conv(net, reference, 'fusion.temporal_attn1', nf);
  return aligned.map((frame) => {
    // Eq. 5: h(F_i, F_t) = sigmoid(θ(F_i)ᵀ φ(F_t)), per pixel, not divided by nf.
    const product = graph.mul(conv(net, frame, 'fusion.temporal_attn2', nf), embeddedReference);
    const similarity = graph.node('ReduceSum', [product, graph.ints([1])], [n, 1, h, w], {
      attributes: { keepdims: 1 },
    });
    return graph.mul(frame, activate(net, similarity, 'sigmoid'));
  });
}

/** Eq. 7: F = F_fused · sigmoid(attention) · 2 + addition, the attention gathered over a pyramid. */
function spatialAttention(net: Network, modulated: readonly Value[]): Value {
  const { graph } = net;
  const over = (maps: readonly Value[], name: string, kernel: 1 | 3, activation: Activation = 'lrelu') =>
    convOver(net, parts(maps), `fusion.${name}`, net.options.numFeat, { kernel, activation });
  const layer = (x: Value, name: string, kernel: 1 | 3, activation?: Activation) => over([x], name, kernel, activation);

  const feature = over(modulated, 'feat_fusion', 1);
  const half = over(pooled(net, over(modulated, 'spatial_attn1', 1)), 'spatial_attn2', 1);

  const quarter = over(pooled(net, layer(half, 'spatial_attn_l1', 1)), 'spatial_attn_l2', 3);
  const level = up2(net, layer(quarter, 'spatial_attn_l3', 3));
  const gathered = graph.add(layer(half, 'spatial_attn3', 3), level);

  const attention = layer(up2(net, layer(gathered, 'spatial_attn4', 1)), 'spatial_attn5', 3, 'none');
  const addition = layer(layer(attention, 'spatial_attn_add1', 1), 'spatial_attn_add2', 1, 'none');
  // The 2 leaves features as they are where the attention is zero.
  const weighted = graph.mul(graph.mul(feature, activate(net, attention, 'sigmoid')), graph.scalar(2));
  return graph.add(weighted, addition);
}

/** Maximum and average of 3×3 at stride 2, each (n, c, h, w) → (n, c, h/2, w/2). */
function pooled(net: Network, x: Value): readonly Value[] {
  return [net.graph.pool(x, 'max'), net.graph.pool(x, 'average')];
}

function parts(values: readonly Value[]): readonly Part[] {
  return values.map((value) => ({ value }));
}
