/**
 * A frame as it enters a graph: uint8 (h, w, 3) → padded planes → the first features.
 *
 * Everything up to the first convolution stays uint8; the division by 255 is folded into that convolution's weight.
 */
import type { Value } from '../onnx/graph-builder.js';
import { elementCount } from '../onnx/tensor.js';
import type { Geometry } from './geometry.js';
import { activate, type Network } from './network.js';
import { scaled } from './parameters.js';

/** Declares a frame input, uint8 (h, w, 3), RGB; gives its padded planes, uint8 (1, 3, H, W). */
export function frameInput(net: Network, name: string, geometry: Geometry): Value {
  const { frame, padded } = geometry;
  const pixels = net.graph.input(name, 'uint8', [frame.height, frame.width, 3]);
  const planes = net.graph.reshape(net.graph.transpose(pixels, [2, 0, 1]), [1, 3, frame.height, frame.width]);
  const after = [0, 0, padded.height - frame.height, padded.width - frame.width];
  // A mirror shows at most size − 1 pixels; smaller pictures repeat their last row or column.
  const fits = after.every((pad, axis) => pad < (planes.dims[axis] ?? 0) || pad === 0);
  return net.graph.pad(planes, [0, 0, 0, 0], after, fits ? 'reflect' : 'edge');
}

/**
 * `conv_first` and its lrelu on planes in 0–255: (1, 3, H, W) → (1, outputs, H/s, W/s), s = featureStride.
 *
 * The convolution is 3×3 over the frame's space-to-depth form (channel c·s² + dy·s + dx), which is the same as one of
 * 3s × 3s at stride s over the frame itself: tap (ky, kx) of that channel is tap (ky·s + dy, kx·s + dx) of plane c.
 */
export function firstConv(net: Network, planes: Value, key: string, outputs: number): Value {
  const s = net.options.featureStride;
  const packed = net.parameter(`${key}.weight`, [outputs, 3 * s * s, 3, 3]);
  const unpacked = {
    name: `${key}.weight/planes`,
    dims: [outputs, 3, 3 * s, 3 * s],
    values: () => unpackTaps(packed.values(), outputs, s),
  };
  const weight = net.graph.initializer(scaled(unpacked, 1 / 255));
  const bias = net.graph.initializer(net.parameter(`${key}.bias`, [outputs]));
  const y = net.graph.conv(net.graph.cast(planes, 'float32'), weight, bias, { stride: s, pad: s, label: key });
  return activate(net, y, 'lrelu');
}

function unpackTaps(packed: Float32Array, outputs: number, s: number): Float32Array {
  const side = 3 * s;
  const planes = new Float32Array(elementCount([outputs, 3, side, side]));
  for (let oc = 0; oc < outputs * 3; oc++) {
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        const channel = oc * s * s + (y % s) * s + (x % s);
        const tap = Math.floor(y / s) * 3 + Math.floor(x / s);
        planes[(oc * side + y) * side + x] = packed[channel * 9 + tap] ?? 0;
      }
    }
  }
  return planes;
}
