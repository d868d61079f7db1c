/**
 * A restored picture as it leaves a graph: uint8 (H, W, 3), or float32 (H, W, 3) before clamp and rounding.
 */
import type { Value } from '../onnx/graph-file.js';
import type { Geometry } from './geometry.js';
import { lightTail } from './light-tail.js';
import type { Network } from './network.js';
import { outputScale } from './options.js';
import { paperTail } from './paper-tail.js';

/** Element type of the restored picture. uint8: clamped to 0–255, rounded half to even. float32: [0, 1], unclamped. */
export type OutputType = 'uint8' | 'float32';

/** Tail, skip, conversion and crop: features (1, nr, h, w) and the reference's pixels → (H, W, 3). */
export function restoredPicture(
  net: Network,
  features: Value,
  pixels: Value,
  geometry: Geometry,
  type: OutputType,
): Value {
  const range = type === 'uint8' ? 255 : 1;
  const scale = outputScale(net.options);
  const height = geometry.padded.height * scale;
  const width = geometry.padded.width * scale;
  const { graph } = net;
  let picture: Value;
  if (net.options.tail === 'paper') {
    const colours = toType(net, paperTail(net, features, pixels, range), type);
    picture = graph.transpose(graph.reshape(colours, [3, height, width]), [1, 2, 0]);
  } else {
    const packed = toType(net, lightTail(net, features, pixels, range), type);
    const [, channels = 0, h = 0, w = 0] = packed.dims;
    const r = height / h;
    const row = channels / r;
    // (dy, dx·3 + c, h·w) → (dy, h·w, dx·3 + c) → (h, dy, w·r·3): one plain transposition, then whole rows move.
    const rows = graph.transpose(graph.reshape(packed, [r, row, h * w]), [0, 2, 1]);
    picture = graph.transpose(graph.reshape(rows, [r, h, w * row]), [1, 0, 2]);
    picture = graph.reshape(picture, [height, width, 3]);
  }
  return graph.crop(picture, { 0: geometry.output.height, 1: geometry.output.width });
}

/** QuantizeLinear with scale 1 clamps, rounds half to even and converts in one step. */
function toType(net: Network, x: Value, type: OutputType): Value {
  if (type === 'float32') return x;
  const { graph } = net;
  return graph.node('QuantizeLinear', [x, graph.scalar(1), graph.byte(0)], x.dims, { type: 'uint8' });
}
