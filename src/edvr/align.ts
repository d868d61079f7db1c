/**
 * Alignment of a neighbour's features to the reference's: PCD, one of the two that the ablation compares it with, or
 * guided by optical flow.
 */
import type { Value } from '../onnx/graph-file.js';
import type { Features } from './feature-pyramid.js';
import { flowAlign, guidedAlign } from './guided-align.js';
import type { Network } from './network.js';
import { pcdAlign } from './pcd-align.js';
import { singleAlign, stackedAlign } from './single-level-align.js';

/**
 * Both are the pyramids of a frame; gives (1, nf, h, w) at L1. With `incremental` the first offset convolutions take
 * their per-frame halves from the pyramids.
 */
export function align(net: Network, neighbour: Features, reference: Features, incremental: boolean): Value {
  switch (net.options.alignment) {
    case 'pcd':
      return pcdAlign(net, neighbour, reference, incremental);
    case 'single':
      return singleAlign(net, neighbour, reference, incremental);
    case 'guided':
      return guidedAlign(net, neighbour, reference);
    case 'flow':
      return flowAlign(net, neighbour, reference);
    case 'stacked':
      return stackedAlign(net, neighbour, reference, incremental);
  }
}
