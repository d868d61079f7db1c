import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../src/onnx/graph-builder.js';
import { workingSetBytes } from '../../src/onnx/working-set.js';

const dims = [1, 2, 4, 8];
const BYTES = 2 * 4 * 8 * 4;

describe('workingSetBytes', () => {
  it('counts what is alive at once, not what was ever made', () => {
    const graph = new GraphBuilder('chain');
    const x = graph.input('x', 'float32', dims);
    let y = graph.concat([x, x], 1);
    for (let i = 0; i < 5; i += 1) y = graph.pad(y, [0, 0, 0, 0], [0, 0, 1, 0], 'edge');
    graph.output('y', y);
    // The last two: 8 and 9 rows of 4 channels.
    expect(workingSetBytes(graph)).toBe(2 * BYTES * (8 / 4 + 9 / 4));
  });

  it('lets an activation write over its input, unless that is read again', () => {
    const over = new GraphBuilder('over');
    over.output('y', over.relu(over.concat([over.input('x', 'float32', dims), over.input('z', 'float32', dims)], 1)));
    expect(workingSetBytes(over)).toBe(2 * BYTES);
    const beside = new GraphBuilder('beside');
    const both = beside.concat([beside.input('x', 'float32', dims), beside.input('z', 'float32', dims)], 1);
    beside.output('y', beside.concat([beside.relu(both), both], 1));
    expect(workingSetBytes(beside)).toBe(8 * BYTES);
  });

  it('adds the samples that a deformable convolution gathers', () => {
    const graph = new GraphBuilder('deform');
    const x = graph.input('x', 'float32', dims);
    const weight = graph.initializer({ name: 'w', dims: [2, 2, 3, 3], values: () => new Float32Array(36) });
    const bias = graph.initializer({ name: 'b', dims: [2], values: () => new Float32Array(2) });
    const offset = graph.input('offset', 'float32', [1, 18, 4, 8]);
    const mask = graph.input('mask', 'float32', [1, 9, 4, 8]);
    graph.output('y', graph.deformConv(x, weight, bias, { offset, mask, groups: 1 }, { pad: [1, 1] }));
    expect(workingSetBytes(graph)).toBe(BYTES + 9 * BYTES);
  });

  it('counts as many samples as there are places of the output', () => {
    const graph = new GraphBuilder('strided');
    const x = graph.input('x', 'float32', dims);
    const weight = graph.initializer({ name: 'w', dims: [2, 2, 2, 2], values: () => new Float32Array(16) });
    const bias = graph.initializer({ name: 'b', dims: [2], values: () => new Float32Array(2) });
    const offset = graph.input('offset', 'float32', [1, 8, 2, 4]);
    graph.output('y', graph.deformConv(x, weight, bias, { offset, groups: 1 }, { stride: [2, 2] }));
    expect(workingSetBytes(graph)).toBe(BYTES / 4 + BYTES);
  });
});
