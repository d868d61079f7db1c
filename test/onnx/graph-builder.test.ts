import * as ort from 'onnxruntime-node';
import { expect, it } from 'vitest';
import { GraphBuilder } from '../../src/onnx/graph-builder.js';
import { decodeModel } from '../../src/onnx/messages.js';
import { elementsOf, open } from '../fixtures/run-graphs.js';

const weight = { name: 'w', dims: [4, 2, 3, 3], values: () => new Float32Array(72).fill(0.5) };

it('writes a graph that onnxruntime runs, with its names and shapes', async () => {
  const graph = new GraphBuilder('sum');
  const x = graph.input('x', 'float32', [1, 2, 3]);
  graph.output('y', graph.add(x, graph.scalar(1.5)));
  const session = await open(graph.encode());
  expect(session.inputNames).toEqual(['x']);
  const { y } = await session.run({ x: new ort.Tensor('float32', Float32Array.of(1, 2, 3, 4, 5, 6), [1, 2, 3]) });
  expect([...elementsOf(y)]).toEqual([2.5, 3.5, 4.5, 5.5, 6.5, 7.5]);
  expect(y?.dims).toEqual([1, 2, 3]);
});

it('reads back what it wrote', () => {
  const graph = new GraphBuilder('pool');
  graph.output('y', graph.pool(graph.input('x', 'float32', [1, 2, 5, 4]), 'average'));
  const model = decodeModel(graph.encode());
  expect(model.opsetImport).toEqual([{ domain: '', version: 19 }]);
  expect(model.graph.input[0]?.type.tensorType.shape.dim.map(({ dimValue }) => dimValue)).toEqual([1, 2, 5, 4]);
  const [node] = model.graph.node;
  expect(node?.opType).toBe('AveragePool');
  const ints = new Map(node?.attribute.map(({ name, i, ints: list }) => [name, i ?? list]));
  expect(ints.get('count_include_pad')).toBe(1);
  expect(ints.get('strides')).toEqual([2, 2]);
});

it('stores an initialiser once, however often it is used', () => {
  const graph = new GraphBuilder('twice');
  const x = graph.input('x', 'float32', [1, 2, 6, 5]);
  const y = graph.conv(x, graph.initializer(weight), undefined, { pad: [1, 1] });
  const z = graph.conv(x, graph.initializer(weight), undefined, { pad: [1, 1] });
  graph.output('y', graph.add(y, z));
  expect(decodeModel(graph.encode()).graph.initializer.map(({ name }) => name)).toEqual(['w']);
});

it('makes no weights until the graph is encoded', () => {
  const graph = new GraphBuilder('lazy');
  const values = () => {
    throw new Error('made');
  };
  graph.initializer({ name: 'w', dims: [1], values });
  expect(() => graph.encode()).toThrow('made');
});

it('counts the multiply-accumulates of labelled convolutions', () => {
  const graph = new GraphBuilder('count');
  const x = graph.input('x', 'float32', [1, 2, 6, 5]);
  graph.conv(x, graph.initializer(weight), undefined, { pad: [1, 1], stride: [2, 1], label: 'a' });
  graph.conv(x, graph.initializer(weight), undefined, { pad: [1, 1] });
  expect(graph.macs).toEqual([{ label: 'a', macs: 4 * 3 * 5 * 2 * 9 }]);
});

it('refuses channels and shapes that do not fit', () => {
  const graph = new GraphBuilder('misfit');
  const x = graph.input('x', 'float32', [1, 3, 6, 5]);
  expect(() => graph.conv(x, graph.initializer(weight), undefined)).toThrow(
    'convolution of 3 channels with a weight for 2',
  );
  expect(() => graph.add(x, graph.input('y', 'float32', [1, 3, 6, 4]))).toThrow('do not broadcast');
});

it('gives a value under two names, and an input back as an output', async () => {
  const graph = new GraphBuilder('names');
  const x = graph.input('x', 'float32', [2]);
  const sum = graph.add(x, x);
  graph.output('a', sum);
  graph.output('b', sum);
  graph.output('c', x);
  graph.output('d', graph.mul(sum, x));
  const session = await open(graph.encode());
  const results = await session.run({ x: new ort.Tensor('float32', Float32Array.of(1, 3), [2]) });
  const lists = Object.fromEntries(Object.entries(results).map(([name, value]) => [name, [...elementsOf(value)]]));
  expect(lists).toEqual({ a: [2, 6], b: [2, 6], c: [1, 3], d: [2, 18] });
});
