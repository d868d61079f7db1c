/**
 * A restored picture as it leaves a graph: uint8 (H, W, 3), or float32 (H, W, 3) before clamp and rounding.
 */
import type { Value } from '../onnx/graph-file.js';
import type { Geometry } from './geometry.js';
import { lightTail } from './light-tail.js';
import type { Network } from './network.js';
import { outputScale } from './options.js';
import { paperTail, upsampledReference } from './paper-tail.js';

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
  const range = rangeOf(type);
  if (net.options.tail === 'paper') return interleaved(net, paperTail(net, features, pixels, range), geometry, type);
  const scale = outputScale(net.options);
  const height = geometry.padded.height * scale;
  const width = geometry.padded.width * scale;
  const { graph } = net;
  const packed = toType(net, lightTail(net, features, pixels, range), type);
  const [, channels = 0, h = 0, w = 0] = packed.dims;
  const r = height / h;
  const row = channels / r;
  // (dy, dx·3 + c, h·w) → (dy, h·w, dx·3 + c) → (h, dy, w·r·3): one plain transposition, then whole rows move.
  const rows = graph.transpose(graph.reshape(packed, [r, row, h * w]), [0, 2, 1]);
  const picture = graph.reshape(graph.transpose(graph.reshape(rows, [r, h, w * row]), [1, 0, 2]), [height, width, 3]);
  return cropped(net, picture, geometry);
}

/** The reference's pixels upscaled as every tail does it, → (H, W, 3): a restored picture without what was restored. */
export function upscaledPicture(net: Network, pixels: Value, geometry: Geometry, type: OutputType): Value {
  return interleaved(net, upsampledReference(net, pixels, rangeOf(type)), geometry, type);
}

/** Planes (1, 3, H, W) → (H, W, 3), cropped. */
function interleaved(net: Network, planes: Value, geometry: Geometry, type: OutputType): Value {
  const { graph } = net;
  const [, c = 0, h = 0, w = 0] = planes.dims;
  const picture = graph.transpose(graph.reshape(toType(net, planes, type), [c, h, w]), [1, 2, 0]);
  return cropped(net, picture, geometry);
}

function cropped({ graph }: Network, picture: Value, { output }: Geometry): Value {
  return graph.crop(picture, { 0: output.height, 1: output.width });
}

function rangeOf(type: OutputType): number {
  return type === 'uint8' ? 255 : 1;
}

/** QuantizeLinear with scale 1 clamps, rounds half to even and converts in one step. */
function toType(net: Network, x: Value, type: OutputType): Value {
  if (type === 'float32') return x;
  const { graph } = net;
  return graph.node('QuantizeLinear', [x, graph.scalar(1), graph.byte(0)], x.dims, { type: 'uint8' });
}
