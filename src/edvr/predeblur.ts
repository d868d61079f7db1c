/**
 * PreDeblur (Sec. 3.1): a small pyramid that cleans blurred frames before they are aligned.
 *
 *     L1 ──────────────────▶ 2 blocks ─ + ─▶ 3 blocks ─▶ features
 *      └▶ L2 ─▶ block ─ + ─▶ block ─ up2┘
 *          └▶ L3 ─▶ block ─ up2┘
 */
import type { Value } from '../onnx/graph-file.js';
import { firstConv } from './frame-input.js';
import { conv, type Network, residualBlock, residualBlocks, up2 } from './network.js';

/** Pixels, uint8 (H, W, 3) → (1, nf, h, w); a quarter of the size with hrIn. */
export function preDeblur(net: Network, pixels: Value): Value {
  const nf = net.options.numFeat;
  const strided = (x: Value, key: string) => conv(net, x, `predeblur.${key}`, nf, { stride: 2, activation: 'lrelu' });
  let l1 = firstConv(net, pixels, 'predeblur.conv_first', nf);
  if (net.options.hrIn) l1 = strided(strided(l1, 'stride_conv_hr1'), 'stride_conv_hr2');
  const l2 = strided(l1, 'stride_conv_l2');
  const l3 = residualBlock(net, strided(l2, 'stride_conv_l3'), 'predeblur.resblock_l3');
  const fromL3 = net.graph.add(residualBlock(net, l2, 'predeblur.resblock_l2_1'), up2(net, l3));
  const fromL2 = up2(net, residualBlock(net, fromL3, 'predeblur.resblock_l2_2'));
  const cleaned = net.graph.add(residualBlocks(net, l1, 'predeblur.resblock_l1', 2), fromL2);
  return residualBlocks(net, cleaned, 'predeblur.resblock_l1', 3, 2);
}
