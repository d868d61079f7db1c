import { describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../src/checkpoint/checkpoint.js';
import { narrowToHalf, widenBfloat, widenHalf } from '../../src/checkpoint/half-float.js';
import { writeSafetensors } from '../../src/checkpoint/safetensors.js';
import { LimpidError } from '../../src/errors/limpid-error.js';
import type { FloatTensor } from '../../src/onnx/tensor.js';
import { checkpointFixture } from '../fixtures/checkpoints.js';
import { parityWeights } from '../fixtures/parity.js';
import { op, pickle } from './pickle-writer.js';
import { writeZip } from './zip-writer.js';

/** Every tensor of a checkpoint, read. */
const tensorsOf = (bytes: Uint8Array, section?: string): ReadonlyMap<string, FloatTensor> =>
  new Map([...openCheckpoint(bytes, 'a.pth', section).tensors].map(([key, tensor]) => [key, tensor.read()]));

/** A file of the zip format with this pickle and these storages. */
const archive = (data: Uint8Array, storages: ReadonlyMap<string, Uint8Array> = new Map(), order = 'little') =>
  writeZip(
    new Map([
      ['net/data.pkl', data],
      ['net/byteorder', Buffer.from(order)],
      ...[...storages].map(([key, bytes]) => [`net/data/${key}`, bytes] as const),
    ]),
  );

describe('files of torch.save', () => {
  it.each([
    ['zip-params', 'torch-zip', 'params'],
    ['zip-params-ema', 'torch-zip', 'params_ema'],
    ['zip-strided', 'torch-zip', 'params'],
    ['legacy-params', 'torch-legacy', 'params'],
    ['legacy-strided', 'torch-legacy', 'params'],
  ])('%s holds the very weights that were saved', (name, format, section) => {
    const { bytes, options, seed } = checkpointFixture(name);
    expect(openCheckpoint(bytes, name)).toMatchObject({ format, section });
    expect(tensorsOf(bytes)).toEqual(parityWeights(options, seed));
  });

  const bfloat = (value: number) => {
    // Round to nearest, ties to even, as torch does.
    const bits = new Uint32Array(Float32Array.of(value).buffer)[0] ?? 0;
    return widenBfloat(new Uint8Array(Uint16Array.of((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16).buffer))[0] ?? 0;
  };
  const half = (value: number) => widenHalf(narrowToHalf(Float32Array.of(value)))[0] ?? 0;
  it.each([
    ['zip-state-dict-half', 'state_dict', half],
    ['legacy-top-level-half', undefined, half],
    ['zip-top-level-bfloat', undefined, bfloat],
  ])('%s holds them rounded to 16 bits', (name, section, round) => {
    const { bytes, options, seed } = checkpointFixture(name);
    expect(openCheckpoint(bytes, name).section).toBe(section);
    const rounded = [...parityWeights(options, seed)].map(
      ([key, { dims, data }]) => [key, { dims, data: data.map(round) }] as const,
    );
    expect(tensorsOf(bytes)).toEqual(new Map(rounded));
  });

  it('gives the section that is asked for, and names those there are', () => {
    const { bytes } = checkpointFixture('zip-params-ema');
    expect([...tensorsOf(bytes, 'params').values()].every(({ data }) => data.every((value) => value === 0))).toBe(true);
    expect(() => openCheckpoint(bytes, 'a.pth', 'net_g')).toThrow(
      'Expected a dictionary of tensors under net_g but received a file that holds params, params_ema (a.pth)',
    );
  });

  it('that lie unaligned within a larger buffer are read, and none of it is kept', () => {
    const { bytes, options, seed } = checkpointFixture('legacy-params');
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    const tensors = tensorsOf(shifted.subarray(3));
    expect(tensors).toEqual(parityWeights(options, seed));
    expect(tensors.get('conv_first.bias')?.data.buffer.byteLength).toBe(8);
  });
});

it('reads safetensors', () => {
  const tensors = new Map([['a', { dims: [2], data: Float32Array.of(1, -0.5) }]]);
  const bytes = writeSafetensors(tensors);
  expect(openCheckpoint(bytes, 'a.safetensors')).toMatchObject({ format: 'safetensors', section: undefined });
  expect(tensorsOf(bytes)).toEqual(tensors);
});

describe('hostile files', () => {
  const storage = (type: string, key: string, count: number) => [
    op.mark,
    op.text('storage'),
    op.global('torch', type),
    op.text(key),
    op.text('cpu'),
    op.int(count),
    op.tuple,
    op.persistent,
  ];
  const tensor = (type: string, count: number, size = count, key = '0') => [
    op.global('torch._utils', '_rebuild_tensor_v2'),
    op.mark,
    ...storage(type, key, count),
    op.int(0),
    ...[op.mark, op.int(size), op.tuple],
    ...[op.mark, op.int(1), op.tuple],
    ...[op.false, op.dict],
    op.tuple,
    op.reduce,
  ];
  const dict = (...entries: readonly (readonly [string, readonly Uint8Array[]])[]) =>
    pickle(op.dict, ...entries.flatMap(([key, value]) => [op.text(key), ...value, op.setItem]));
  const four = new Map([['0', new Uint8Array(4)]]);
  const one = dict(['a', tensor('FloatStorage', 1)]);
  const legacy = checkpointFixture('legacy-params').bytes;

  it.each([
    [
      'a text',
      Buffer.from('hello'),
      'Expected a checkpoint of torch.save or safetensors but received a file that begins otherwise',
    ],
    [
      'an archive of something else',
      writeZip(new Map([['mimetype', Buffer.from('x')]])),
      'Expected one data.pkl in the archive, as torch.save writes but received 0',
    ],
    [
      'two pickles',
      writeZip(
        new Map([
          ['a/data.pkl', one],
          ['b/data.pkl', one],
        ]),
      ),
      'Expected one data.pkl in the archive, as torch.save writes but received 2',
    ],
    ['big-endian storages', archive(one, four, 'big'), 'Expected little-endian storages but received big'],
    [
      'a later version of the format',
      writeZip(
        new Map([
          ['net/data.pkl', one],
          ['net/version', Buffer.from('11\n')],
        ]),
      ),
      'Expected version 1 to 10 of the format but received 11?',
    ],
    [
      'a storage of nothing',
      archive(one, new Map([...four, ['1', new Uint8Array(4)]])),
      'Expected storages of tensors only but received net/data/1',
    ],
    [
      'bytes behind the pickle',
      archive(Buffer.concat([one, Buffer.alloc(2)]), four),
      `Expected a pickle of ${one.length + 2} bytes but received one that ends after ${one.length}`,
    ],
    ['no storage', archive(one), 'Expected 4 bytes in storage 0 but received none'],
    [
      'a storage too small',
      archive(one, new Map([['0', new Uint8Array(3)]])),
      'Expected 4 bytes in storage 0 but received 3',
    ],
    [
      'a storage far too large to be there',
      archive(dict(['a', tensor('FloatStorage', 2 ** 31 - 1, 1)]), four),
      'Expected 8589934588 bytes in storage 0 but received 4',
    ],
    [
      'whole numbers for weights',
      archive(dict(['a', tensor('LongStorage', 1)]), new Map([['0', new Uint8Array(8)]])),
      'Expected weights of 32- or 16-bit floats but received a tensor of I64',
    ],
    [
      'two types of one storage',
      archive(dict(['a', tensor('FloatStorage', 1)], ['b', tensor('HalfStorage', 1)]), four),
      'Expected one type and size of storage 0 but received two',
    ],
    ['no dictionary', archive(pickle(op.list)), 'Expected a dictionary of tensors but received another object'],
    ['an empty dictionary', archive(dict()), 'Expected tensors but received an empty dictionary'],
    [
      'something among the tensors',
      archive(dict(['a', [op.int(1)]])),
      'Expected a tensor under a but received something else',
    ],
    [
      'keys that are no names',
      archive(pickle(op.dict, op.int(1), op.int(1), op.setItem)),
      'Expected names as keys of tensors but received a key that is no text',
    ],
    [
      'a legacy file cut short',
      legacy.subarray(0, legacy.length - 1),
      /^Expected \d+ bytes at byte \d+ but received \d+; it is cut short/,
    ],
    [
      'a legacy file with more at its end',
      Buffer.concat([legacy, Buffer.alloc(2)]),
      'Expected the end after the last storage but received 2 more bytes',
    ],
    [
      'legacy pickles of two protocols',
      Buffer.from(legacy).fill(3, 16, 17),
      'Expected pickles of one protocol but received several',
    ],
    [
      'another magic number',
      Buffer.concat([pickle(op.long(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)), legacy.subarray(15)]),
      "Expected torch's magic number but received another",
    ],
  ])('%s', (_, bytes, message) => {
    expect(() => tensorsOf(bytes)).toThrow(
      typeof message === 'string' ? new LimpidError('ERR_CHECKPOINT', `${message} (a.pth)`) : message,
    );
  });

  it('many tensors of one storage that would fill the memory', () => {
    const entries = Array.from({ length: 200 }, (_, i) => [`${i}`, tensor('FloatStorage', 100_000)] as const);
    const bytes = archive(dict(...entries), new Map([['0', new Uint8Array(400_000)]]));
    expect(() => openCheckpoint(bytes, 'a.pth')).toThrow(
      /^Expected tensors of at most 8 times the file's \d+ bytes but received 80000000 bytes of tensors that share storages/,
    );
  });
});
