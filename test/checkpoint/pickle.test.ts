import { describe, expect, it } from 'vitest';
import { unpickle } from '../../src/checkpoint/pickle.js';
import type { PickleHost } from '../../src/checkpoint/pickle-value.js';
import { torchHost } from '../../src/checkpoint/torch-objects.js';
import { LimpidError } from '../../src/errors/limpid-error.js';
import { op, pickle } from './pickle-writer.js';

const host: PickleHost = torchHost((storage) => storage, 'a.pth');
const read = (...operations: readonly Uint8Array[]) => unpickle(pickle(...operations), host, 'a.pth').value;

describe('values', () => {
  it.each([
    ['a negative number', [op.int(-2)], -2],
    [
      "torch's magic number",
      [op.long(0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19)],
      119547037146038801333356n,
    ],
    ['a small number in ten bytes', [op.long(5, 0, 0, 0, 0, 0, 0, 0, 0, 0)], 5],
    ['a negative one in two', [op.long(0xfe, 0xff)], -2],
    ['a number of no bytes', [op.long()], 0],
    ['a text', [op.text('größe')], 'größe'],
    ['a tuple', [op.mark, op.int(1), op.none, op.tuple], [1, null]],
    ['a dictionary', [op.dict, op.text('a'), op.int(1), op.setItem], new Map([['a', 1]])],
    ['a list that is recalled', [op.list, op.put(0), op.int(1), op.append, op.pop, op.get(0)], [1]],
    ['an ordered dictionary', [op.global('collections', 'OrderedDict'), op.emptyTuple, op.reduce], new Map()],
    [
      'attributes, which are left out',
      [op.global('collections', 'OrderedDict'), op.emptyTuple, op.reduce, op.dict, op.build],
      new Map(),
    ],
  ])('%s', (_, operations, value) => {
    expect(read(...operations)).toEqual(value);
  });

  it('says how many bytes it took, so that another may follow', () => {
    const one = pickle(op.int(7));
    expect(unpickle(Buffer.concat([one, pickle(op.none)]), host, 'a.pth')).toEqual({ value: 7, length: one.length });
  });
});

describe('hostile pickles', () => {
  const call = (module: string, name: string, argument: string) => [
    op.global(module, name),
    op.text(argument),
    op.tuple1,
    op.reduce,
  ];
  it.each([
    [
      'a command',
      call('os', 'system', 'id'),
      'Expected a checkpoint of tensors, dictionaries and numbers only but received os.system; save net.state_dict() alone',
    ],
    [
      'a builtin',
      call('builtins', 'eval', '1'),
      'Expected a checkpoint of tensors, dictionaries and numbers only but received builtins.eval; save net.state_dict() alone',
    ],
    [
      'another function of torch',
      call('torch', 'load', 'x'),
      'Expected a checkpoint of tensors, dictionaries and numbers only but received torch.load; save net.state_dict() alone',
    ],
    [
      'a name with a line of its own',
      call('os\u001b[2K', 'system', 'id'),
      'Expected a checkpoint of tensors, dictionaries and numbers only but received os?[2K.system; save net.state_dict() alone',
    ],
    [
      'a call of what is no function',
      [op.text('os.system'), op.emptyTuple, op.reduce],
      'Expected a call of a known function but received another',
    ],
    [
      'attributes of a list',
      [op.list, op.dict, op.build],
      'Expected attributes of a dictionary but received those of something else',
    ],
    [
      'an instance',
      [Buffer.from('(i__main__\nNet\n')],
      'Expected a pickle of tensors but received operation 0x69 at byte 3',
    ],
    [
      'an object made without a call',
      [op.dict, Buffer.from([0x81])],
      'Expected a pickle of tensors but received operation 0x81 at byte 3',
    ],
    [
      'a registered extension',
      [Buffer.from([0x82, 1])],
      'Expected a pickle of tensors but received operation 0x82 at byte 2',
    ],
    ['a number as text', [Buffer.from('I01\n')], 'Expected a pickle of tensors but received operation 0x49 at byte 2'],
    [
      'a number wider than any',
      [op.long(...new Array(17).fill(1))],
      'Expected a number of at most 16 bytes but received 17 bytes',
    ],
    ['an empty stack', [], 'Expected a value but received an empty stack'],
    ['a tuple without a mark', [op.tuple], 'Expected a mark but received none'],
    [
      'a pair of one',
      [op.dict, op.mark, op.int(1), Buffer.from('u')],
      'Expected a dictionary and pairs but received others',
    ],
    ['a memo that was never filled', [op.get(4)], 'Expected memo entry 4 but received none'],
    [
      'an append to a text',
      [op.text('a'), op.none, op.append],
      'Expected a list to append to but received something else',
    ],
    ['a text that is none', [Buffer.from([0x58, 1, 0, 0, 0, 0xff])], 'Expected text in UTF-8 but received other bytes'],
    [
      'a text longer than the file',
      [Buffer.from([0x58, 0xff, 0xff, 0xff, 0x7f])],
      'Expected 2147483647 bytes at byte 7 but received 1; it is cut short',
    ],
    [
      'a name without an end',
      [Buffer.from(`c${'a'.repeat(300)}`)],
      'Expected a line of at most 256 characters but received a longer one',
    ],
    ['a place of the memo given twice', [op.list, op.put(0), op.put(0)], 'Expected memo entry 1 but received 0'],
    ['two values', [op.none, op.none], 'Expected one value but received more on the stack'],
    ['a mark that is left', [op.mark, op.none], 'Expected one value but received more on the stack'],
    ['a second protocol', [op.proto, op.none], 'Expected a pickle of tensors but received operation 0x80 at byte 2'],
    [
      'a frame longer than the file',
      [Buffer.from([0x95, 9, 0, 0, 0, 0, 0, 0, 0]), op.none],
      'Expected a frame of at most 2 bytes but received 9',
    ],
    [
      'a key twice',
      [op.dict, op.text('a'), op.none, op.setItem, op.text('a'), op.none, op.setItem],
      'Expected a key once in a dictionary but received a again',
    ],
    [
      'a persistent id that is none',
      [op.int(0), op.persistent],
      'Expected a storage of a known element type, key and size but received another persistent id',
    ],
    [
      'more operations than any checkpoint has',
      [Buffer.alloc(500_001, op.none)],
      'Expected a pickle of at most 500000 operations but received a longer one',
    ],
  ])('%s', (_, operations, message) => {
    expect(() => read(...operations)).toThrow(new LimpidError('ERR_CHECKPOINT', `${message} (a.pth)`));
  });

  it.each([
    ['a later protocol', [0x80, 6, 0x4e, 0x2e], 'Expected pickle protocol 2 to 5 but received 6 (a.pth)'],
    [
      'no protocol',
      [0x4e, 0x2e],
      'Expected a pickle that begins with its protocol but received another beginning (a.pth)',
    ],
  ])('%s', (_, bytes, message) => {
    expect(() => unpickle(Uint8Array.from(bytes), host, 'a.pth')).toThrow(new LimpidError('ERR_CHECKPOINT', message));
  });

  it('that end early', () => {
    const whole = pickle(op.dict, op.text('params'), op.int(1), op.setItem);
    for (let length = 0; length < whole.length; length++) {
      expect(() => unpickle(whole.subarray(0, length), host, 'a.pth')).toThrow(/it is cut short \(a\.pth\)$/);
    }
  });

  it('that hold themselves', () => {
    const value = read(op.list, op.put(0), op.get(0), op.append) as unknown[];
    expect(value[0]).toBe(value);
  });
});

describe('tensors', () => {
  const storage = (count: number) => [
    op.mark,
    op.text('storage'),
    op.global('torch', 'FloatStorage'),
    op.text('0'),
    op.text('cpu'),
    op.int(count),
    op.tuple,
    op.persistent,
  ];
  const tuple = (values: readonly number[]) => [op.mark, ...values.map(op.int), op.tuple];
  const tensor = (count: number, offset: number, sizes: readonly number[], strides: readonly number[]) => [
    op.global('torch._utils', '_rebuild_tensor_v2'),
    op.mark,
    ...storage(count),
    op.int(offset),
    ...tuple(sizes),
    ...tuple(strides),
    ...[op.false, op.dict],
    op.tuple,
    op.reduce,
  ];

  it('are windows of their storage', () => {
    expect(read(...tensor(12, 2, [2, 3], [5, 1]))).toMatchObject({ offset: 2, dims: [2, 3], strides: [5, 1] });
    expect(read(...tensor(1, 1, [0, 3], [3, 1]))).toMatchObject({ dims: [0, 3] });
  });

  it.each([
    [
      'that reaches beyond it',
      tensor(10, 2, [2, 3], [6, 1]),
      'Expected a tensor inside its storage of 10 but received one that reaches 10',
    ],
    [
      'larger than it',
      tensor(4, 0, [1024, 1024], [0, 0]),
      'Expected a tensor [1024,1024] no larger than its storage but received a storage of 4',
    ],
    ['before it', tensor(4, -1, [2], [1]), 'Expected a tensor of a storage and an offset but received something else'],
    [
      'with a stride backwards',
      tensor(4, 3, [2], [-1]),
      'Expected at most 8 whole numbers for strides but received something else',
    ],
    [
      'with a hook',
      [...tensor(4, 0, [2], [1]).slice(0, -3), op.dict, op.text('h'), op.none, op.setItem, op.tuple, op.reduce],
      'Expected a tensor with a flag for gradients and no hooks but received something else',
    ],
    ['with a stride too few', tensor(4, 0, [2, 2], [1]), 'Expected 2 strides of a tensor but received 1'],
    [
      'of too many axes',
      tensor(4, 0, new Array(9).fill(1), new Array(9).fill(1)),
      'Expected at most 8 whole numbers for sizes but received something else',
    ],
    [
      'whose size overflows',
      tensor(4, 0, new Array(8).fill(2 ** 31 - 1), new Array(8).fill(1)),
      /^Expected a tensor \[2147483647,.* no larger than its storage but received a storage of 4/,
    ],
  ])('but none %s', (_, operations, message) => {
    expect(() => read(...operations)).toThrow(
      typeof message === 'string' ? new LimpidError('ERR_CHECKPOINT', `${message} (a.pth)`) : message,
    );
  });
});
