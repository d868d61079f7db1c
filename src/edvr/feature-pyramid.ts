/**
 * The feature pyramid of one frame (Sec. 3.2, Fig. 3): independent of the frame's neighbours, so a stream computes it once.
 *
 *     frame ─▶ conv_first or PreDeblur ─▶ feature_extraction ─▶ L1 ─stride 2─▶ L2 ─stride 2─▶ L3
 *
 * The incremental form adds the linear halves of the first offset convolutions, which are per-frame as well:
 * W·[F_{t+i}, F_t] = W_near·F_{t+i} + W_ref·F_t, so `near.lK` is wanted of neighbours, `reference.lK` of the reference.
 */
import type { Value } from '../onnx/graph-file.js';
import { convOverPixels, firstConv } from './frame-input.js';
import { type LumaLevel, lumaLevel, lumaLevels } from './lucas-kanade.js';
import { conv, type Network, residualBlocks } from './network.js';
import type { EdvrOptions } from './options.js';
import { inputChannels } from './parameters.js';
import { preDeblur } from './predeblur.js';

/** Levels of the pyramid, coarsest first: the order in which alignment walks them. */
export const levels = ['l3', 'l2', 'l1'] as const;
export type Level = (typeof levels)[number];

/** A frame's features by name; 'pixels' are the frame itself, RGB in [0, 1]. */
export type FeatureName = Level | 'pixels' | LumaLevel | `near.${Level}` | `reference.${Level}` | 'reference.cas';

/** Gives a frame's feature (1, nf, h, w), computing it (or declaring it as an input) when first asked. */
export type Features = (name: FeatureName) => Value;

/** Names of what is kept of a frame; incrementally with the halves of the first offset convolutions. */
export function featureNames({ alignment }: EdvrOptions, incremental: boolean): readonly FeatureName[] {
  if (alignment === 'guided') return ['l1', ...lumaLevels];
  if (alignment === 'flow') return ['l1', 'pixels', ...lumaLevels];
  if (alignment !== 'pcd') return incremental ? ['l1', 'near.l1', 'reference.l1'] : ['l1'];
  const halves = levels.flatMap((level): FeatureName[] => [`near.${level}`, `reference.${level}`]);
  return incremental ? ['l1', 'l2', 'l3', ...halves, 'reference.cas'] : ['l1', 'l2', 'l3'];
}

/** Checkpoint key of the first offset convolution of a level; without PCD there is only one. */
export function firstOffsetKey(net: Network, level: Level): string {
  return net.options.alignment === 'pcd' ? `pcd_align.offset_conv1.${level}` : 'align.offset_conv1';
}

/** Remembers what a function gave for each name. */
export function once<Name extends FeatureName>(make: (name: Name) => Value): (name: Name) => Value {
  const made = new Map<Name, Value>();
  return (name) => {
    const value = made.get(name) ?? make(name);
    made.set(name, value);
    return value;
  };
}

/** The pyramid of one frame from its pixels, uint8 (H, W, 3). */
export function featurePyramid(net: Network, pixels: Value): Features {
  const pyramid: (level: Level) => Value = once((level) => {
    switch (level) {
      case 'l1':
        return residualBlocks(net, firstFeatures(net, pixels), 'feature_extraction', net.options.numExtractBlock);
      case 'l2':
        return halved(net, pyramid('l1'), level);
      case 'l3':
        return halved(net, pyramid('l2'), level);
    }
  });
  const luma: (level: LumaLevel) => Value = once((level) => lumaLevel(net, pixels, level, luma));
  return withHalves(net, (name) => (name === 'pixels' ? planes(net, pixels) : pyramid(name)), luma);
}

/** A frame's levels with the halves of the first offset convolutions. */
function withHalves(
  net: Network,
  pyramid: (level: Level | 'pixels') => Value,
  luma: (level: LumaLevel) => Value,
): Features {
  return once((name) => {
    switch (name) {
      case 'l1':
      case 'l2':
      case 'l3':
      case 'pixels':
        return pyramid(name);
      case 'luma1':
      case 'luma2':
      case 'luma4':
        return luma(name);
      case 'near.l1':
      case 'near.l2':
      case 'near.l3':
        return nearHalf(net, pyramid(levelOf(name)), firstOffsetKey(net, levelOf(name)));
      case 'reference.l1':
      case 'reference.l2':
      case 'reference.l3':
        return referenceHalf(net, pyramid(levelOf(name)), firstOffsetKey(net, levelOf(name)));
      case 'reference.cas':
        return referenceHalf(net, pyramid('l1'), 'pcd_align.cas_offset_conv1');
    }
  });
}

/** W_near·x: the half of a convolution over [neighbour, reference] that sees the neighbour; without the bias. */
export function nearHalf(net: Network, x: Value, key: string): Value {
  return half(net, x, key, 'near');
}

/** W_ref·x + b: the half that sees the reference. */
function referenceHalf(net: Network, x: Value, key: string): Value {
  return half(net, x, key, 'reference');
}

function half(net: Network, x: Value, key: string, side: 'near' | 'reference'): Value {
  const nf = net.options.numFeat;
  const from = side === 'near' ? 0 : nf;
  const whole = net.parameter(`${key}.weight`, [nf, 2 * nf, 3, 3]);
  const weight = net.graph.initializer(inputChannels(whole, from, from + nf));
  const bias = side === 'near' ? undefined : net.graph.initializer(net.parameter(`${key}.bias`, [nf]));
  return net.graph.conv(x, weight, bias, { pad: [1, 1], label: key });
}

function firstFeatures(net: Network, pixels: Value): Value {
  const { numFeat: nf, withPredeblur, hrIn } = net.options;
  if (withPredeblur) return conv(net, preDeblur(net, pixels), 'conv_1x1', nf, { kernel: 1 });
  if (!hrIn) return firstConv(net, pixels, 'conv_first', nf);
  const first = firstConv(net, pixels, 'conv_first_1', nf);
  const second = conv(net, first, 'conv_first_2', nf, { stride: 2, activation: 'lrelu' });
  return conv(net, second, 'conv_first_3', nf, { stride: 2, activation: 'lrelu' });
}

function halved(net: Network, x: Value, level: 'l2' | 'l3'): Value {
  const nf = net.options.numFeat;
  const strided = conv(net, x, `conv_${level}_1`, nf, { stride: 2, activation: 'lrelu' });
  return conv(net, strided, `conv_${level}_2`, nf, { activation: 'lrelu' });
}

function levelOf(name: `${'near' | 'reference'}.${Level}`): Level {
  return name.slice(-2) as Level;
}

/** Pixels, uint8 (H, W, 3) → planes (1, 3, H, W) in [0, 1]. */
function planes(net: Network, pixels: Value): Value {
  const values = () => Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1).map((share) => share / 255);
  return convOverPixels(net, pixels, { name: 'planes', dims: [3, 3, 1, 1], values }, undefined, { stride: 1, pad: 0 });
}
