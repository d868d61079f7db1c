/**
 * The options of an EDVR network. Defaults give the paper's EDVR-M for ×4 super-resolution of REDS.
 *
 * The first group has the names of the authors' released configuration; the second is the project's own and serves the
 * live models: fewer pixels to align, a cheaper tail; the third makes the networks of the paper's ablation.
 */
import { z } from 'zod';
import { LimpidError } from '../errors/limpid-error.js';

const whole = (min: number, max: number) => z.int().min(min).max(max);
const flag = z.boolean();

/** One entry an option: what it must be, in words and as a schema. */
const fields = {
  /** Channels of every feature map (M: 64, L: 128). */
  numFeat: { expected: 'a whole number from 1 to 512', schema: whole(1, 512).default(64) },
  /** Frames in a window, 2N+1. */
  numFrame: { expected: 'an odd whole number from 1 to 15', schema: whole(1, 15).default(5) },
  /** The reference frame's place in the window; the middle by default. */
  centerFrameIdx: { expected: 'a place in the window', schema: whole(0, 14).optional() },
  /** Groups of channels that share offsets. */
  deformableGroups: { expected: 'a whole number from 1 to 64', schema: whole(1, 64).default(8) },
  /** Residual blocks of feature extraction. */
  numExtractBlock: { expected: 'a whole number from 0 to 100', schema: whole(0, 100).default(5) },
  /** Residual blocks of reconstruction (L: 40, second stage: 20). */
  numReconstructBlock: { expected: 'a whole number from 0 to 200', schema: whole(0, 200).default(10) },
  /** PreDeblur module before alignment. */
  withPredeblur: { expected: 'true or false', schema: flag.default(false) },
  /** Input at output resolution: strided convolutions first, so that the work is done at 1/4 size. */
  hrIn: { expected: 'true or false', schema: flag.default(false) },
  /** TSA fusion; otherwise one bare 1×1 convolution. */
  withTsa: { expected: 'true or false', schema: flag.default(true) },

  /** Output size over input size (1 with hrIn, whatever this says). */
  scale: { expected: '1, 2 or 4', schema: z.union([z.literal(1), z.literal(2), z.literal(4)]).default(4) },
  /** Input size over the size of L1: the frame goes space-to-depth into `conv_first`. */
  featureStride: { expected: '1, 2 or 4', schema: z.union([z.literal(1), z.literal(2), z.literal(4)]).default(1) },
  /**
   * Input size over the size of reconstruction, where the reference frame's own pixels come in beside the fused features,
   * so that what L1 cannot hold of them need not come through it. By default reconstruction sees the features alone.
   */
  reconstructStride: {
    expected: '1, 2 or 4',
    schema: z.union([z.literal(1), z.literal(2), z.literal(4)]).optional(),
  },
  /** 'paper': two sub-pixel steps, conv_hr, conv_last; 'light': one convolution straight to all sub-pixels. */
  tail: { expected: '"paper" or "light"', schema: z.enum(['paper', 'light']).default('paper') },
  /** Channels of reconstruction; as numFeat by default. */
  numReconstructFeat: { expected: 'a whole number from 1 to 512', schema: whole(1, 512).optional() },
  /** Whether the reference frame is aligned to itself, as in the paper. */
  alignReference: { expected: 'true or false', schema: flag.default(true) },

  /**
   * 'pcd', or what the ablation compares it with: one deformable convolution, or four (Table 4, Models 1 and 2); or, not in
   * the paper, one where optical flow points: 'guided', over the neighbour's features, or 'flow', over its pixels.
   */
  alignment: {
    expected: '"pcd", "single", "stacked", "guided" or "flow"',
    schema: z.enum(['pcd', 'single', 'stacked', 'guided', 'flow']).default('pcd'),
  },
} as const;

type OptionName = keyof typeof fields;
type Shape = { [K in OptionName]: (typeof fields)[K]['schema'] };

const schema = z.strictObject(
  Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.schema])) as Shape,
);

/** Options as a manifest states them: anything left out has its default. */
export type EdvrOptionsInput = z.input<typeof schema>;

/** Options with every default filled in. */
export type EdvrOptions = Readonly<
  Omit<z.output<typeof schema>, 'centerFrameIdx' | 'numReconstructFeat'> & {
    centerFrameIdx: number;
    numReconstructFeat: number;
  }
>;

/**
 * Checks options and fills in the defaults. `where` names their place in messages ("live-x4.json").
 * Throws ERR_MODEL_MANIFEST with one sentence about the first fault.
 */
export function parseOptions(input: unknown, where: string): EdvrOptions {
  const parsed = schema.safeParse(input);
  if (!parsed.success) throw fault(sentenceOf(parsed.error.issues[0], input), where);
  const options: EdvrOptions = {
    ...parsed.data,
    centerFrameIdx: parsed.data.centerFrameIdx ?? parsed.data.numFrame >> 1,
    numReconstructFeat: parsed.data.numReconstructFeat ?? parsed.data.numFeat,
  };
  for (const [holds, sentence] of rules(options)) if (!holds) throw fault(sentence, where);
  return options;
}

/** The paper's network with some options changed; for options written in code. */
export function edvrOptions(input: EdvrOptionsInput = {}): EdvrOptions {
  return parseOptions(input, 'edvrOptions');
}

/** Output size over input size: with hrIn the frame already has the output's size. */
export function outputScale(options: EdvrOptions): number {
  return options.hrIn ? 1 : options.scale;
}

/** Whether alignment goes by the optical flow between frames. */
export function followsFlow({ alignment }: EdvrOptions): boolean {
  return alignment === 'guided' || alignment === 'flow';
}

/** Size of reconstruction over the size of L1. */
export function finerBy({ featureStride, reconstructStride = featureStride }: EdvrOptions): number {
  return featureStride / reconstructStride;
}

function rules(o: EdvrOptions): readonly (readonly [boolean, string])[] {
  return [
    [o.numFrame % 2 === 1, `Expected an odd whole number from 1 to 15 for options.numFrame but received ${o.numFrame}`],
    [
      o.centerFrameIdx < o.numFrame,
      `Expected a place in a window of ${o.numFrame} for options.centerFrameIdx but received ${o.centerFrameIdx}`,
    ],
    [
      o.numFeat % o.deformableGroups === 0,
      `Expected options.deformableGroups to divide ${o.numFeat} channels but received ${o.deformableGroups}`,
    ],
    [
      o.tail === 'light' || (o.featureStride === 1 && o.scale === 4),
      `Expected featureStride 1 and scale 4 with options.tail "paper" but received ${o.featureStride} and ${o.scale}`,
    ],
    [
      o.featureStride === 1 || !(o.withPredeblur || o.hrIn),
      `Expected options.featureStride 1 with PreDeblur or hrIn but received ${o.featureStride}`,
    ],
    [
      o.reconstructStride === undefined || o.tail === 'light',
      'Expected options.tail "light" with reconstructStride but received "paper"',
    ],
    [
      finerBy(o) >= 1 && o.numFeat % finerBy(o) ** 2 === 0,
      `Expected an options.reconstructStride s of at most featureStride ${o.featureStride} where (${o.featureStride}/s)² divides ${o.numFeat} channels but received ${o.reconstructStride}`,
    ],
    [o.tail === 'paper' || !o.hrIn, 'Expected options.tail "paper" with hrIn but received "light"'],
    [
      o.alignment !== 'guided' || (o.featureStride === 1 && !o.hrIn),
      'Expected features at the size of the input (featureStride 1, no hrIn) with options.alignment "guided"',
    ],
    [o.alignment !== 'flow' || !o.hrIn, 'Expected no hrIn with options.alignment "flow": featureStride does its work'],
    [
      o.alignment !== 'flow' || !o.alignReference,
      'Expected alignReference false with options.alignment "flow": the reference has features of its own',
    ],
  ];
}

function sentenceOf(issue: z.core.$ZodIssue | undefined, input: unknown): string {
  if (issue?.code === 'unrecognized_keys') {
    return `Expected only known options but received "${issue.keys[0]}"; known are ${Object.keys(fields).join(', ')}`;
  }
  const name = issue?.path[0];
  if (!isOptionName(name)) return `Expected an object of options but received ${JSON.stringify(input)}`;
  const received = JSON.stringify((input as Record<string, unknown>)[name]);
  return `Expected ${fields[name].expected} for options.${name} but received ${received}`;
}

function isOptionName(name: PropertyKey | undefined): name is OptionName {
  return name !== undefined && Object.hasOwn(fields, name);
}

function fault(sentence: string, where: string): LimpidError {
  return new LimpidError('ERR_MODEL_MANIFEST', `${sentence} (${where})`);
}
