/**
 * The ONNX network against an independent PyTorch implementation (models/training/parity.py).
 */
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { emitGraph, type GraphRequest } from '../../src/edvr/emit.js';
import { type EdvrOptions, edvrOptions } from '../../src/edvr/options.js';
import { knownNetworks } from '../../src/model/networks.js';
import { decodeModel, encodeModel, type NodeProto } from '../../src/onnx/messages.js';
import { type Golden, parityFrame, parityWeights, readGoldens } from '../fixtures/parity.js';
import { elementsOf, largestDifference, open, runSplit, runWindow } from '../fixtures/run-graphs.js';

/** Both sides sum thousands of float32 products in their own order; seen are differences below 1e-5. */
const TOLERANCE = 1e-4;

const goldens = readGoldens();

function framesOf({ seed, size, options }: Golden): readonly Uint8Array[] {
  return Array.from({ length: options.numFrame }, (_, t) => parityFrame(seed, t, size));
}

it.each([...knownNetworks])('has a golden of the shape of %s', (_, network) => {
  const shape = (options: EdvrOptions) => ({ ...options, numFeat: 0, numReconstructFeat: 0 });
  const wanted = shape(edvrOptions(network.options));
  expect(goldens.map(({ options }) => shape(options))).toContainEqual(wanted);
});

it('has a golden of edvr-m at full width', () => {
  expect(goldens.find(({ name }) => name === 'edvr-m')?.options).toEqual(edvrOptions());
});

describe.each(goldens)('$name', (golden) => {
  const { options, size, seed, stride, values } = golden;
  const weights = parityWeights(options, seed);
  const request: GraphRequest = { options, size, output: 'float32' };

  it('restores as PyTorch does, in one graph', async () => {
    const restored = await runWindow(request, weights, framesOf(golden));
    const kept = (restored as Float32Array).filter((_, i) => i % stride === 0);
    expect(largestDifference(kept, values)).toBeLessThan(TOLERANCE);
  });

  it('gives the same from cached pyramids, incremental or not', async () => {
    const whole = await runWindow(request, weights, framesOf(golden));
    for (const incremental of [false, true]) {
      const split = await runSplit({ ...request, incremental }, weights, framesOf(golden));
      expect(largestDifference(whole, split)).toBeLessThan(TOLERANCE);
    }
  });

  it('samples pixels away and leaves masks of one half, so that a wrong layout would show', async () => {
    const { offsets, masks } = await sampling(emitGraph('window', request, weights), framesOf(golden), size);
    expect(Math.max(...offsets.map(Math.abs))).toBeGreaterThan(2);
    expect(mean(offsets.map(Math.abs))).toBeGreaterThan(0.8);
    // Without masks every tap weighs one.
    expect(masks.length === 0 ? 1 : mean(masks.map((mask) => Math.abs(mask - 0.5)))).toBeGreaterThan(0.15);
  });
});

/** Offsets and masks of every deformable convolution of a window graph, each thinned out. */
async function sampling(model: Uint8Array, frames: readonly Uint8Array[], size: Golden['size']) {
  const proto = decodeModel(model);
  const layers = proto.graph.node.filter((node: NodeProto) => node.opType === 'DeformConv');
  const names = layers.map(({ input }) => ({ offset: input[2] ?? '', mask: input[4] ?? '' }));
  const scalars = names
    .flatMap(({ offset, mask }) => [offset, mask])
    .filter((name) => name !== '')
    .map((name) => ({ name, type: floatOfAnyShape }));
  const output = [...proto.graph.output, ...scalars];
  const session = await open(encodeModel({ ...proto, graph: { ...proto.graph, output } }));
  const feeds = frames.map((frame, i) => [`frame${i}`, new ort.Tensor('uint8', frame, [size.height, size.width, 3])]);
  const results = await session.run(Object.fromEntries(feeds));
  const thinned = (name: string) => [...elementsOf(results[name])].filter((_, i) => i % 11 === 0);
  return {
    offsets: names.flatMap(({ offset }) => thinned(offset)),
    masks: names.flatMap(({ mask }) => (mask === '' ? [] : thinned(mask))),
  };
}

const floatOfAnyShape = {
  tensorType: { elemType: 1, shape: { dim: [{}, {}, {}, {}] as unknown as { dimValue: number }[] } },
};

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
