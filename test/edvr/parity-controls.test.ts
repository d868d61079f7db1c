/**
 * Controls of the parity test: layouts that are wrong in the ways one gets them wrong must miss the golden by far.
 *
 * A wrong layout is made by reordering channels of the weights, which is the same as reading them in the wrong order.
 */
import { describe, expect, it } from 'vitest';
import type { EdvrWeights } from '../../src/edvr/parameters.js';
import { elementCount, type FloatTensor } from '../../src/onnx/tensor.js';
import { type Golden, parityFrame, parityWeights, readGoldens } from '../fixtures/parity.js';
import { largestDifference, runWindow } from '../fixtures/run-graphs.js';

/** A hundred times what the parity test allows. */
const FAR = 1e-2;

const TAPS = 9;

/** Gives for each channel of an axis the channel to take instead. */
type Order = (channel: number, count: number, golden: Golden) => number;

interface Mistake {
  readonly name: string;
  readonly golden: string;
  readonly keys: RegExp;
  readonly axis: 'output' | 'input';
  readonly order: Order;
}

const offsets = (of: (channel: number, groups: number) => number): Order => {
  return (channel, _count, { options: { deformableGroups: groups } }) =>
    channel < 2 * TAPS * groups ? of(channel, groups) : channel;
};

const masks = (of: (channel: number, groups: number) => number): Order => {
  return (channel, _count, { options: { deformableGroups: groups } }) => {
    const first = 2 * TAPS * groups;
    return channel < first ? channel : first + of(channel - first, groups);
  };
};

/** The tap of the same place when the kernel is read column by column. */
const columnMajor = (tap: number) => (tap % 3) * 3 + Math.floor(tap / 3);

/** More than one group, so that their order shows. */
const convOffset = { golden: 'live-five-frames', keys: /conv_offset\./, axis: 'output' } as const;

const mistakes: readonly Mistake[] = [
  { ...convOffset, name: 'offsets as x, y instead of y, x', order: offsets((channel) => channel ^ 1) },
  {
    ...convOffset,
    name: 'all y offsets of a group before all x offsets',
    order: offsets((channel) => {
      const [group, tap, x] = [Math.floor(channel / (2 * TAPS)), (channel >> 1) % TAPS, channel % 2];
      return group * 2 * TAPS + x * TAPS + tap;
    }),
  },
  {
    ...convOffset,
    name: 'offsets with the group as the fastest index',
    order: offsets((channel, groups) => {
      const [group, tap, x] = [Math.floor(channel / (2 * TAPS)), (channel >> 1) % TAPS, channel % 2];
      return 2 * (tap * groups + group) + x;
    }),
  },
  {
    ...convOffset,
    name: 'mask taps column by column',
    order: masks((channel) => channel - (channel % TAPS) + columnMajor(channel % TAPS)),
  },
  {
    ...convOffset,
    name: 'masks of the groups exchanged',
    order: masks((channel, groups) => (channel + TAPS) % (groups * TAPS)),
  },
  {
    ...convOffset,
    name: 'masks before offsets',
    order: (channel, count, { options }) => (channel + TAPS * options.deformableGroups) % count,
  },
  {
    name: 'the reference before the neighbour',
    golden: 'live-half',
    keys: /offset_conv1\.l\d\.weight/,
    axis: 'input',
    order: (channel, count) => (channel + count / 2) % count,
  },
  {
    name: 'frames fused channel by channel instead of frame by frame',
    golden: 'five-frames',
    keys: /feat_fusion\.weight/,
    axis: 'input',
    order: (channel, count, { options: { numFrame } }) =>
      (channel % numFrame) * (count / numFrame) + Math.floor(channel / numFrame),
  },
  {
    name: 'input unshuffled with the colour as the fastest index',
    golden: 'live-half',
    keys: /^conv_first\.weight/,
    axis: 'input',
    order: (channel, count) => (channel % (count / 3)) * 3 + Math.floor(channel / (count / 3)),
  },
  {
    name: 'output shuffled with the colour as the fastest index',
    golden: 'live-half',
    keys: /^conv_last\./,
    axis: 'output',
    order: (channel, count) => (channel % (count / 3)) * 3 + Math.floor(channel / (count / 3)),
  },
];

describe('a network that misses the golden', () => {
  const goldens = new Map(readGoldens().map((golden) => [golden.name, golden]));

  it.each(mistakes)('has $name', async (mistake) => {
    const golden = goldens.get(mistake.golden);
    if (golden === undefined) throw new Error(`no golden ${mistake.golden}`);
    expect(await distance(golden, reordered(golden, mistake))).toBeGreaterThan(FAR);
  });

  it.each(['edvr-m', 'live-half', 'live-five-frames'])('has its two embeddings exchanged: %s', async (name) => {
    const golden = goldens.get(name);
    if (golden === undefined) throw new Error(`no golden ${name}`);
    const weights = new Map(parityWeights(golden.options, golden.seed));
    for (const [key, tensor] of parityWeights(golden.options, golden.seed)) {
      const other = key.replace(/temporal_attn([12])/, (_, one) => `temporal_attn${3 - Number(one)}`);
      weights.set(other, tensor);
    }
    expect(await distance(golden, weights)).toBeGreaterThan(FAR);
  });
});

/** The largest difference of the restored picture from the golden. */
async function distance(golden: Golden, weights: EdvrWeights): Promise<number> {
  const { options, size, seed, stride, values } = golden;
  const frames = Array.from({ length: options.numFrame }, (_, t) => parityFrame(seed, t, size));
  const restored = await runWindow({ options, size, output: 'float32' }, weights, frames);
  const kept = (restored as Float32Array).filter((_, i) => i % stride === 0);
  return largestDifference(kept, values);
}

/** The golden's weights with one axis of some of them in the mistake's order. */
function reordered(golden: Golden, { keys, axis, order }: Mistake): EdvrWeights {
  const weights = [...parityWeights(golden.options, golden.seed)];
  if (!weights.some(([key]) => keys.test(key))) throw new Error(`no weight matches ${keys}`);
  return new Map(
    weights.map(([key, tensor]) => [
      key,
      keys.test(key) ? reorder(tensor, axis === 'output' ? 0 : 1, (c, n) => order(c, n, golden)) : tensor,
    ]),
  );
}

function reorder({ dims, data }: FloatTensor, axis: 0 | 1, order: (channel: number, count: number) => number) {
  const count = dims[axis] ?? 1;
  const block = elementCount(dims.slice(axis + 1));
  const out = Float32Array.from(data, (_, i) => {
    const channel = Math.floor(i / block) % count;
    return data[i + (order(channel, count) - channel) * block] ?? Number.NaN;
  });
  return { dims, data: out };
}
