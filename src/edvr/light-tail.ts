/**
 * The light tail: one convolution from the features to all sub-pixels of the output, plus the upsampled reference.
 *
 * Both are computed packed: r² sub-pixels of 3 colours as channels at the size of reconstruction, r = scale · s, s its stride.
 * Channel (dy·r + dx)·3 + colour lets the pixels of an output row end up side by side after one cheap transposition.
 */
import type { Initializer, Value } from '../onnx/graph-file.js';
import { convOverPixels } from './frame-input.js';
import { channelsOf, type Network, weakened } from './network.js';
import { finerBy } from './options.js';
import { scaled } from './parameters.js';

/**
 * Features (1, nr, h, w) and the reference's pixels, uint8 (1, 3, H, W) → (1, 3r², h, w), float32 in 0–`range`.
 */
export function lightTail(net: Network, features: Value, pixels: Value, range: number): Value {
  const { graph, options } = net;
  const r = (options.scale * options.featureStride) / finerBy(options);
  const outputs = 3 * r * r;
  const weight = net.parameter('conv_last.weight', [outputs, channelsOf(features), 3, 3]);
  const bias = net.parameter('conv_last.bias', [outputs]);
  const [w, b] = [weight, bias].map((part) => graph.initializer(scaled(coloursLast(part, r * r), range)));
  if (w === undefined) throw new RangeError('conv_last has a weight');
  const residual = graph.conv(features, w, b, { pad: [1, 1], label: 'conv_last' });
  return graph.add(weakened(net, residual), packedSkip(net, pixels, range));
}

/** Rows c·r² + p (pixel-shuffle order) as rows p·3 + c. */
function coloursLast(parameter: Initializer, pixels: number): Initializer {
  const row = parameter.dims.slice(1).reduce((product, size) => product * size, 1);
  const values = () => {
    const from = parameter.values();
    const to = new Float32Array(from.length);
    for (let p = 0; p < pixels; p++) {
      for (let c = 0; c < 3; c++) {
        const start = (c * pixels + p) * row;
        to.set(from.subarray(start, start + row), (p * 3 + c) * row);
      }
    }
    return to;
  };
  return { name: `${parameter.name}/colours-last`, dims: parameter.dims, values };
}

/**
 * The reference frame, bilinear to output size, as packed sub-pixels.
 *
 * Bilinear upsampling by a whole factor gives every sub-pixel fixed weights over the pixels around it, so it is a
 * convolution over the frame at stride s, that of reconstruction; the frame's edge is repeated by one pixel, which clamps.
 */
function packedSkip(net: Network, pixels: Value, range: number): Value {
  const { graph } = net;
  const { scale } = net.options;
  const s = net.options.featureStride / finerBy(net.options);
  const border = scale === 1 ? 0 : 1;
  const sides = [border, border, 0];
  const framed = graph.pad(pixels, sides, sides, 'edge');
  const side = s + 2 * border;
  const r = scale * s;
  const taps = {
    name: 'skip.taps',
    dims: [3 * r * r, 3, side, side],
    values: () => bilinearTaps(scale, s, border),
  };
  return convOverPixels(net, framed, scaled(taps, range / 255), undefined, { stride: s, pad: 0 });
}

/** Weights (3r², 3, side, side) of `packedSkip`. */
function bilinearTaps(scale: number, s: number, border: number): Float32Array {
  const r = scale * s;
  const side = s + 2 * border;
  const taps = new Float32Array(3 * r * r * 3 * side * side);
  for (let dy = 0; dy < r; dy++) {
    for (let dx = 0; dx < r; dx++) {
      for (const [y, wy] of corners(dy, scale, border)) {
        for (const [x, wx] of corners(dx, scale, border)) {
          if (wy * wx === 0) continue;
          for (let c = 0; c < 3; c++) {
            const output = (dy * r + dx) * 3 + c;
            taps[((output * 3 + c) * side + y) * side + x] = wy * wx;
          }
        }
      }
    }
  }
  return taps;
}

/** The two source pixels of sub-pixel d with their weights; half-pixel centres: x = (d + ½)/scale − ½. */
function corners(d: number, scale: number, border: number): readonly (readonly [number, number])[] {
  const place = (d + 0.5) / scale - 0.5;
  const left = Math.floor(place);
  const weight = place - left;
  return [
    [left + border, 1 - weight],
    [left + border + 1, weight],
  ];
}
