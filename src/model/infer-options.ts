/**
 * A network's options, read off the shapes of its tensors.
 *
 * Two of them leave no trace there: which frame of the window is the reference (the middle, unless told), and whether it
 * is aligned to itself (it is, in the paper; never where optical flow alone says where to look). 16 channels at a quarter may have `reconstructStride` 2
 * or none: then it is taken to be there, as in the live models.
 */
import { checkpointFault } from '../checkpoint/fault.js';
import { type EdvrOptions, type EdvrOptionsInput, edvrOptions } from '../edvr/options.js';
import { brief } from '../errors/brief.js';
import type { Dims } from '../onnx/tensor.js';

/** Values of a deformable convolution's offsets and masks for each group: 9 taps × (Δy, Δx, Δm). */
const OFFSETS_A_GROUP = 27;

/**
 * Options of the network that has tensors of these shapes, by released key; they are not checked. Throws ERR_CHECKPOINT
 * where there is no EDVR to be seen.
 */
export function inferOptions(shapes: ReadonlyMap<string, Dims>, where: string): EdvrOptionsInput {
  const has = (key: string) => shapes.has(`${key}.weight`);
  const axis = (key: string, at: 0 | 1) => shapes.get(`${key}.weight`)?.[at] ?? Number.NaN;
  const withTsa = !has('fusion');
  const fusion = withTsa ? 'fusion.feat_fusion' : 'fusion';
  if (!has(fusion)) {
    const there = [...shapes.keys()].slice(0, 3).map(brief).join(', ');
    throw checkpointFault(`the tensors of an EDVR, such as ${fusion}.weight,`, `others: ${there}`, where);
  }
  const numFeat = axis(fusion, 0);
  const withPredeblur = has('predeblur.conv_first');
  const hrIn = has('predeblur.stride_conv_hr1') || has('conv_first_2');
  const featureStride = withPredeblur || hrIn ? 1 : Math.sqrt(axis('conv_first', 1) / 3);
  const alignment = alignmentOf(has);
  const lastOffsets = alignment === 'flow' ? '' : `${LAST_DEFORMABLE[alignment]}.conv_offset`;
  // A frame by itself is not aligned; what takes its places from the flow alone has no groups.
  const numFrame = axis(fusion, 1) / numFeat;
  const aligns = numFrame > 1 || has(lastOffsets);
  const reconstructStride = reconstructStrideOf(axis('conv_reconstruct', 1), numFeat, featureStride);
  const reduction = reconstructStride ?? featureStride;
  const tail = has('upconv1') ? 'paper' : 'light';
  return withoutDefaults({
    numFeat,
    numFrame,
    deformableGroups: aligns && alignment !== 'flow' ? axis(lastOffsets, 0) / OFFSETS_A_GROUP : 1,
    numExtractBlock: blocksOf(shapes, 'feature_extraction'),
    numReconstructBlock: blocksOf(shapes, 'reconstruction'),
    numReconstructFeat: has('conv_reconstruct') ? axis('conv_reconstruct', 0) : numFeat,
    withPredeblur,
    hrIn,
    withTsa,
    featureStride,
    ...(reconstructStride === undefined ? {} : { reconstructStride }),
    tail,
    scale: tail === 'paper' ? 4 : Math.sqrt(axis('conv_last', 0) / 3) / reduction,
    alignment,
    ...(aligns && alignment !== 'flow' ? {} : { alignReference: false }),
  } as Inferred);
}

/** What shapes tell. A number that makes no option is left for the options' own check to name. */
type Inferred = Omit<EdvrOptions, 'centerFrameIdx' | 'alignReference'> & { readonly alignReference?: boolean };

/** A deformable convolution that every network of an alignment has. */
const LAST_DEFORMABLE: Record<Exclude<EdvrOptions['alignment'], 'flow'>, string> = {
  pcd: 'pcd_align.cas_dcnpack',
  single: 'align.dcn_pack.0',
  stacked: 'align.dcn_pack.0',
  guided: 'align.dcn_pack',
};

function alignmentOf(has: (key: string) => boolean): EdvrOptions['alignment'] {
  if (has('align')) return 'flow';
  if (has('align.dcn_pack')) return 'guided';
  if (has('align.dcn_pack.1')) return 'stacked';
  return has('align.dcn_pack.0') ? 'single' : 'pcd';
}

/** The stride s at which `conv_reconstruct` has these input channels: nf/(featureStride/s)² features and 3s² of pixels. */
function reconstructStrideOf(inputs: number, numFeat: number, featureStride: number): 1 | 2 | 4 | undefined {
  return ([1, 2, 4] as const).find((s) => inputs === numFeat / (featureStride / s) ** 2 + 3 * s ** 2);
}

/** Residual blocks under a key: the highest number, plus one. */
function blocksOf(shapes: ReadonlyMap<string, Dims>, key: string): number {
  const pattern = new RegExp(`^${key}\\.(\\d{1,6})\\.`);
  const numbers = [...shapes.keys()].map((name) => pattern.exec(name)?.[1]).filter((number) => number !== undefined);
  return numbers.reduce((most, number) => Math.max(most, Number(number) + 1), 0);
}

/** Only what differs from the paper's network, as manifests state options. */
function withoutDefaults(options: Inferred): EdvrOptionsInput {
  const defaults: Readonly<Record<string, unknown>> = { ...edvrOptions(), numReconstructFeat: options.numFeat };
  return Object.fromEntries(Object.entries(options).filter(([name, value]) => value !== defaults[name]));
}
