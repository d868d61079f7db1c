/**
 * The flow that guides alignment, on motions that are known exactly.
 */
import { describe, expect, it } from 'vitest';
import { type LumaLevel, lumaLevel, lumaLevels, opticalFlow } from '../../src/edvr/lucas-kanade.js';
import type { Network } from '../../src/edvr/network.js';
import { edvrOptions } from '../../src/edvr/options.js';
import { parametersFrom } from '../../src/edvr/parameters.js';
import { GraphBuilder } from '../../src/onnx/graph-builder.js';
import type { Value } from '../../src/onnx/graph-file.js';
import { elementsOf, open } from '../fixtures/run-graphs.js';

const [width, height] = [96, 64];
/** Pixels at the edges whose scene the neighbour doesn't show. */
const EDGE = 14;

/** Features at 1/stride of the frame's size, and how much larger the scene is: as much as the flow is looked for on less. */
const strides = [
  { stride: 1, larger: 1 },
  { stride: 2, larger: 1 },
  { stride: 4, larger: 2 },
] as const;
type Stride = (typeof strides)[number];

/** A scene with texture of many sizes, 0–255, at any place. */
function scene(y: number, x: number): number {
  let value = 128;
  for (const [i, period] of [5.3, 7.9, 13.1, 22.7, 41].entries()) {
    const angle = 1.1 * i;
    value += 18 * Math.sin((2 * Math.PI * (Math.cos(angle) * x + Math.sin(angle) * y)) / period + i);
  }
  return Math.max(0, Math.min(255, value));
}

/** The scene as a frame that has moved down and right. */
function frame(dy: number, dx: number, larger = 1): Uint8Array {
  return Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const pixel = Math.floor(i / 3);
    return Math.round(scene((Math.floor(pixel / width) - dy) / larger, ((pixel % width) - dx) / larger));
  });
}

async function flowBetween(
  reference: Uint8Array,
  neighbour: Uint8Array,
  featureStride: 1 | 2 | 4 = 1,
): Promise<Float32Array> {
  const graph = new GraphBuilder('flow');
  const options = edvrOptions({ featureStride, tail: 'light' });
  const net: Network = { graph, options, parameter: parametersFrom(new Map()) };
  const lumas = (name: string) => {
    const pixels = graph.input(name, 'uint8', [height, width, 3]);
    const made = new Map<LumaLevel, Value>();
    for (const level of lumaLevels)
      made.set(
        level,
        lumaLevel(net, pixels, level, (finer) => made.get(finer) as Value),
      );
    return (level: LumaLevel) => made.get(level) as Value;
  };
  graph.output('flow', opticalFlow(net, lumas('reference'), lumas('neighbour')));
  const session = await open(graph.encode());
  const ort = await import('onnxruntime-node');
  const feed = (data: Uint8Array) => new ort.Tensor('uint8', data, [height, width, 3]);
  const { flow } = await session.run({ reference: feed(reference), neighbour: feed(neighbour) });
  return elementsOf(flow) as Float32Array;
}

/** Distances in pixels between the flow, on a grid of every `stride` pixels, and the motion, inside the edges, ascending. */
function errors(flow: Float32Array, dy: number, dx: number, stride: number): number[] {
  const found: number[] = [];
  const [w, h, edge] = [width / stride, height / stride, EDGE / stride];
  for (let y = Math.ceil(edge); y < h - edge; y++) {
    for (let x = Math.ceil(edge); x < w - edge; x++) {
      const at = y * w + x;
      found.push(Math.hypot((flow[at] ?? 0) - dy, (flow[w * h + at] ?? 0) - dx));
    }
  }
  return found.sort((a, b) => a - b);
}

const motions = [
  [0, 0],
  [0.5, -0.25],
  [-2.3, 1.6],
  [3.4, -4.7],
] as const;

describe('opticalFlow', () => {
  it.each(strides.flatMap((of) => motions.map((motion): [...typeof motion, Stride] => [...motion, of])))(
    'finds a motion of %f, %f pixels to a tenth of those it looks at (%o)',
    async (dy, dx, { stride, larger }) => {
      const flow = await flowBetween(frame(0, 0, larger), frame(dy, dx, larger), stride);
      const found = errors(flow, dy, dx, stride);
      expect(found[Math.floor(0.9 * found.length)]).toBeLessThan(0.1 * larger);
    },
  );

  it('stays finite and near where there is nothing to see', async () => {
    const grey = new Uint8Array(width * height * 3).fill(90);
    const flow = await flowBetween(grey, grey);
    expect(Math.max(...flow.map(Math.abs))).toBeLessThan(1e-3);
  });

  it('moves no further than its search and its steps allow', async () => {
    const noise = Uint8Array.from({ length: width * height * 3 }, (_, i) => Math.imul(i + 1, 2654435761) >>> 24);
    const flow = await flowBetween(frame(0, 0), noise);
    expect(Math.max(...flow.map(Math.abs))).toBeLessThanOrEqual(4 * (3 + 3) + 2 * 2 + 2);
  });
});
