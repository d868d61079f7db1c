import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { describeGraphs, emitGraph } from '../../src/edvr/emit.js';
import { ENERGY, LARGEST, offsetFault, offsetReach } from '../../src/edvr/offset-watch.js';
import { type EdvrOptionsInput, edvrOptions } from '../../src/edvr/options.js';
import type { EdvrWeights } from '../../src/edvr/parameters.js';
import { elementCount } from '../../src/onnx/tensor.js';
import { parityFrame, parityWeights } from '../fixtures/parity.js';
import { elementsOf, largestDifference, open, runWindow } from '../fixtures/run-graphs.js';
import { small, smallLive } from '../fixtures/tiny-model.js';

const size = { width: 27, height: 22 };

/** Parity weights whose offsets are `value` everywhere, or what a level's bias says. */
function constantOffsets(input: EdvrOptionsInput, value: (key: string) => number): EdvrWeights {
  return new Map(
    [...parityWeights(edvrOptions(input), 5)].map(([key, { dims, data }]) => {
      const filled = key.endsWith('conv_offset.bias') ? value(key) : key.endsWith('conv_offset.weight') ? 0 : undefined;
      return [key, { dims, data: filled === undefined ? data : data.map(() => filled) }];
    }),
  );
}

/** What the restore graph reports, fed with noise for features. */
async function report(input: EdvrOptionsInput, weights: EdvrWeights) {
  const request = { options: edvrOptions(input), size, offsets: 'reach' } as const;
  const { restore } = describeGraphs(request);
  const session = await open(emitGraph('restore', request, weights));
  const feeds: Record<string, ort.OnnxValue> = {
    frame: new ort.Tensor('uint8', parityFrame(5, 0, size), restore.frame.dims),
  };
  for (const { name, dims } of restore.features) {
    const data = Float32Array.from({ length: elementCount(dims) }, (_, i) => ((i * 7919) % 101) / 101 - 0.5);
    feeds[name] = new ort.Tensor('float32', data, dims);
  }
  const outputs = await session.run(feeds);
  const numbers = (name: string) => Float32Array.from(elementsOf(outputs[name]));
  return { fields: restore.offsets, energy: numbers(ENERGY), largest: numbers(LARGEST) };
}

describe('the restore graph’s report on its offsets', () => {
  it('has one number for every deformable convolution of every frame that is aligned', async () => {
    const { fields, energy, largest } = await report(
      smallLive,
      constantOffsets(smallLive, () => -3),
    );
    const keys = ['dcn_pack.l3', 'dcn_pack.l2', 'dcn_pack.l1', 'cas_dcnpack'].map((key) => `pcd_align.${key}`);
    expect(fields.map(({ key }) => key)).toEqual([...keys, ...keys]);
    expect(fields[2]?.dims).toEqual([1, 36, 12, 16]);
    for (const [i, { dims }] of fields.entries()) {
      expect(energy[i]).toBeCloseTo(9 * elementCount(dims), 0);
      expect(largest[i]).toBe(3);
    }
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, 1e30])('shows offsets of %d', async (value) => {
    const { fields, energy } = await report(
      smallLive,
      constantOffsets(smallLive, (key) => (key.includes('l2') ? value : 0)),
    );
    expect(offsetFault(fields, energy)).toBe('offsets-not-finite');
  });

  it('tells displacements of several pixels from absurd ones', async () => {
    const near = await report(
      smallLive,
      constantOffsets(smallLive, () => 20),
    );
    expect(offsetFault(near.fields, near.energy)).toBeUndefined();
    const far = await report(
      smallLive,
      constantOffsets(smallLive, (key) => (key.includes('cas') ? 51 : 0)),
    );
    expect(offsetFault(far.fields, far.energy)).toBe('offsets-absurd');
  });

  it('allows in a large picture what is absurd in a small one', () => {
    const field = (width: number) => [{ key: 'pcd_align.dcn_pack.l1', dims: [1, 18, 4, width] }];
    const energy = (width: number) => Float32Array.of(60 * 60 * 18 * 4 * width);
    expect(offsetFault(field(200), energy(200))).toBe('offsets-absurd');
    expect(offsetFault(field(300), energy(300))).toBeUndefined();
  });
});

describe('offsetReach', () => {
  it('counts the farthest level and adds the cascade, in pixels of the frame', async () => {
    const pixels: Readonly<Record<string, number>> = { l3: 2, l2: 1, l1: 3, cas: 5 };
    const weights = constantOffsets(smallLive, (key) => pixels[/l[123]|cas/.exec(key)?.[0] ?? ''] ?? 0);
    const { fields, largest } = await report(smallLive, weights);
    // Features lie at half size, L3 at an eighth: 2 pixels of it are 16, the cascade's 5 are 10.
    expect(offsetReach(fields, largest, 32)).toBe(16 + 10);
  });

  it('adds up convolutions in a row', () => {
    const fields = ['align.dcn_pack.0', 'align.dcn_pack.1'].map((key) => ({ key, dims: [1, 18, 8, 16] }));
    expect(offsetReach(fields, Float32Array.of(3, 4), 16)).toBe(7);
  });
});

describe('the upscale graph', () => {
  it.each([
    ['paper', small],
    ['light', smallLive],
    ['paper at scale 1', { ...small, hrIn: true }],
  ] satisfies [string, EdvrOptionsInput][])('is the network of the %s tail without its residual', async (_, input) => {
    const options = edvrOptions(input);
    const weights = new Map(
      [...parityWeights(options, 5)].map(([key, { dims, data }]) => [
        key,
        { dims, data: key.startsWith('conv_last.') ? data.map(() => 0) : data },
      ]),
    );
    const frames = [0, 1, 2].map((t) => parityFrame(5, t, size));
    const request = { options, size, output: 'float32' } as const;
    const session = await open(emitGraph('upscale', request, weights));
    const frame = new ort.Tensor('uint8', frames[1] ?? new Uint8Array(), [size.height, size.width, 3]);
    const { restored } = await session.run({ frame });
    expect(largestDifference(elementsOf(restored), await runWindow(request, weights, frames))).toBeLessThan(1e-6);
  });
});
