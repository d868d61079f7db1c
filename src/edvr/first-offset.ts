/**
 * The first offset convolution, over [neighbour, reference]: where alignment begins, and what the incremental form cuts
 * in two.
 */
import type { Value } from '../onnx/graph-file.js';
import { type Features, firstOffsetKey, type Level } from './feature-pyramid.js';
import { activate, conv, type Network } from './network.js';

/** lrelu(W·[F_{t+i}, F_t] + b) at a level; with `incremental` the sum of two halves that come with the pyramids. */
export function firstOffset(
  net: Network,
  neighbour: Features,
  reference: Features,
  level: Level,
  incremental: boolean,
): Value {
  if (incremental) {
    return activate(net, net.graph.add(neighbour(`near.${level}`), reference(`reference.${level}`)), 'lrelu');
  }
  const pair = net.graph.concat([neighbour(level), reference(level)], 1);
  return conv(net, pair, firstOffsetKey(net, level), net.options.numFeat, { activation: 'lrelu' });
}
