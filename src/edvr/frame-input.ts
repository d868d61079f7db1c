/**
 * A frame as it enters a graph: uint8 (h, w, 3) → padded pixels → the first features.
 *
 * The pixels are never transposed into planes: rows of RGB triples are read as one plane three times as wide, and a
 * convolution over planes becomes one over triples. The division by 255 is folded into the weights.
 */
import type { Initializer, Value } from '../onnx/graph-file.js';
import { elementCount } from '../onnx/tensor.js';
import type { Geometry } from './geometry.js';
import { activate, type Network } from './network.js';
import { scaled } from './parameters.js';

/** Declares a frame input, uint8 (h, w, 3), RGB; gives it padded at the bottom and right, uint8 (H, W, 3). */
export function frameInput(net: Network, name: string, { frame, padded }: Geometry): Value {
  const pixels = net.graph.input(name, 'uint8', [frame.height, frame.width, 3]);
  const after = [padded.height - frame.height, padded.width - frame.width, 0];
  // A mirror shows at most size − 1 pixels; smaller pictures repeat their last row or column.
  const fits = after.every((pad, axis) => pad < (pixels.dims[axis] ?? 0));
  return net.graph.pad(pixels, [0, 0, 0], after, fits ? 'reflect' : 'edge');
}

/** Stride and zero padding in pixels, of a convolution over a picture. */
export interface PictureConv {
  readonly stride: number;
  readonly pad: number;
  /** Checkpoint key that the multiply-accumulates count for; without it they do not count. */
  readonly label?: string;
}

/** A convolution with a weight for planes, (o, 3, kh, kw), over pixels as they lie, uint8 (h, w, 3) → (1, o, h', w'). */
export function convOverPixels(
  net: Network,
  pixels: Value,
  weight: Initializer,
  bias: Value | undefined,
  { stride, pad, label }: PictureConv,
): Value {
  const { graph } = net;
  const [h = 0, w = 0] = pixels.dims;
  const rows = graph.cast(graph.reshape(pixels, [1, 1, h, 3 * w]), 'float32');
  const [o = 0, , kh = 0, kw = 0] = weight.dims;
  const interleaved = {
    name: `${weight.name}/interleaved`,
    dims: [o, 1, kh, 3 * kw],
    values: () => interleave(weight.values(), o, kh * kw),
  };
  return graph.conv(rows, graph.initializer(interleaved), bias, {
    stride: [stride, 3 * stride],
    pad: [pad, 3 * pad],
    ...(label === undefined ? {} : { label }),
  });
}

/** `conv_first` and its lrelu: uint8 (H, W, 3) → (1, outputs, H/s, W/s), s = featureStride. */
export function firstConv(net: Network, pixels: Value, key: string, outputs: number): Value {
  const stride = net.options.featureStride;
  const weight = net.parameter(`${key}.weight`, [outputs, 3 * stride * stride, 3, 3]);
  const bias = net.graph.initializer(net.parameter(`${key}.bias`, [outputs]));
  return activate(net, convOverFrame(net, pixels, weight, bias, { stride, label: key }), 'lrelu');
}

/**
 * A 3×3 convolution, weight (o, 3s², 3, 3), over a frame's space-to-depth form (channel c·s² + dy·s + dx), s = stride:
 * uint8 (H, W, 3), taken as 0–1 → (1, o, H/s, W/s).
 *
 * It is the same as one of 3s × 3s at stride s over the frame itself: tap (ky, kx) of that channel is tap
 * (ky·s + dy, kx·s + dx) of plane c.
 */
export function convOverFrame(
  net: Network,
  pixels: Value,
  packed: Initializer,
  bias: Value,
  { stride: s, label }: { readonly stride: number; readonly label: string },
): Value {
  const [outputs = 0] = packed.dims;
  const unpacked = {
    name: `${packed.name}/unpacked`,
    dims: [outputs, 3, 3 * s, 3 * s],
    values: () => unpackTaps(packed.values(), outputs, s),
  };
  return convOverPixels(net, pixels, scaled(unpacked, 1 / 255), bias, { stride: s, pad: s, label });
}

/** (o, 3, taps) → (o, taps, 3): the colours of a tap side by side. */
function interleave(planes: Float32Array, outputs: number, taps: number): Float32Array {
  const triples = new Float32Array(planes.length);
  for (let o = 0; o < outputs; o++) {
    for (let c = 0; c < 3; c++) {
      for (let t = 0; t < taps; t++) triples[(o * taps + t) * 3 + c] = planes[(o * 3 + c) * taps + t] ?? 0;
    }
  }
  return triples;
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
