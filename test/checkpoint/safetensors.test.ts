import { describe, expect, it } from 'vitest';
import { readSafetensors, writeSafetensors } from '../../src/checkpoint/safetensors.js';
import { LimpidError } from '../../src/errors/limpid-error.js';
import type { FloatTensor } from '../../src/onnx/tensor.js';

const tensors = new Map<string, FloatTensor>([
  ['b.weight', { dims: [2, 1, 3], data: Float32Array.of(1, -2, 0.5, 4, 1024, 0) }],
  ['a.bias', { dims: [2], data: Float32Array.of(0.25, 3) }],
  ['scalar', { dims: [], data: Float32Array.of(7) }],
]);

/** A file from a header (object or text) and its data. */
function file(header: unknown, data = new Uint8Array(8)): Uint8Array {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([prefix, text, data]);
}

const entry = (shape: unknown, from: unknown, to: unknown, dtype: unknown = 'F32') => ({
  dtype,
  shape,
  data_offsets: [from, to],
});

it.each(['F32', 'F16'] as const)('reads back what it wrote as %s, in the order of keys', (dtype) => {
  const read = readSafetensors(writeSafetensors(tensors, { dtype, metadata: { note: 'x' } }), 'a.safetensors');
  expect([...read.keys()]).toEqual(['a.bias', 'b.weight', 'scalar']);
  expect(read).toEqual(tensors);
});

it('reads bfloat16', () => {
  const bytes = new Uint8Array(Uint16Array.of(0x3f80, 0xc040).buffer);
  const read = readSafetensors(file({ x: entry([2], 0, 4, 'BF16') }, bytes), 'a.safetensors');
  expect(read.get('x')?.data).toEqual(Float32Array.of(1, -3));
});

it('reads a file that lies unaligned within a larger buffer, and keeps none of it', () => {
  const bytes = writeSafetensors(tensors);
  const shifted = new Uint8Array(bytes.length + 3);
  shifted.set(bytes, 3);
  const read = readSafetensors(shifted.subarray(3), 'a.safetensors');
  expect(read.get('a.bias')?.data).toEqual(Float32Array.of(0.25, 3));
  expect(read.get('a.bias')?.data.buffer.byteLength).toBe(8);
});

describe('hostile files', () => {
  const huge = Buffer.alloc(16);
  huge.writeBigUInt64LE(2n ** 63n);
  it.each([
    ['too short', new Uint8Array(7), 'Expected a file of at least 8 bytes but received 7 bytes'],
    [
      'a header longer than the file',
      huge,
      'Expected a header of at most 8 bytes but received 9223372036854775808 bytes',
    ],
    ['a header that is no JSON', file('{"a":'), 'Expected a header in JSON but received something else'],
    [
      'a header that is no text',
      file('"\u{0}').fill(0xff, 8, 10),
      'Expected a header in JSON but received something else',
    ],
    ['a header that is a list', file('[1]'), 'Expected a header that is a JSON object but received object'],
    [
      'an element type that is not read',
      file({ x: entry([1], 0, 8, 'I64') }),
      'Expected dtype F32, F16 or BF16, shape and data_offsets for tensor x but received {"dtype":"I64","shape":[1],"data_offsets":[0,8]}',
    ],
    [
      'a negative size',
      file({ x: entry([-1], 0, 8) }),
      'Expected dtype F32, F16 or BF16, shape and data_offsets for tensor x but received {"dtype":"F32","shape":[-1],"data_offsets":[0,8]}',
    ],
    [
      'offsets that do not fit the shape',
      file({ x: entry([3], 0, 8) }),
      'Expected 12 bytes for tensor x of shape [3] but received offsets 0 to 8',
    ],
    [
      'a shape that overflows',
      file({ x: entry([2 ** 40, 2 ** 40], 0, 8) }),
      'Expected 4.835703278458517e+24 bytes for tensor x of shape [1099511627776,1099511627776] but received offsets 0 to 8',
    ],
    ['offsets outside the file', file({ x: entry([4], 0, 16) }), 'Expected 16 bytes of tensors but received 8'],
    [
      'offsets that run backwards',
      file({ x: entry([0], 8, 8), y: entry([2], 8, 0) }),
      'Expected 8 bytes for tensor y of shape [2] but received offsets 8 to 0',
    ],
    [
      'tensors that overlap',
      file({ x: entry([2], 0, 8), y: entry([1], 4, 8) }),
      'Expected tensor y to begin at byte 8 but received 4',
    ],
    ['a gap', file({ x: entry([1], 4, 8) }), 'Expected tensor x to begin at byte 0 but received 4'],
    ['data without a tensor', file({}), 'Expected 0 bytes of tensors but received 8'],
  ])('%s', (_, bytes, message) => {
    expect(() => readSafetensors(bytes, 'a.safetensors')).toThrow(
      new LimpidError('ERR_MODEL_WEIGHTS', `${message} (a.safetensors)`),
    );
  });

  it('are refused with a sentence whatever byte is changed, or read', () => {
    const good = writeSafetensors(tensors);
    let state = 1;
    for (let i = 0; i < 2000; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      const bad = good.slice();
      bad[(state >>> 8) % bad.length] = state >>> 24;
      try {
        readSafetensors(bad, 'a.safetensors');
      } catch (error) {
        expect(error).toBeInstanceOf(LimpidError);
      }
    }
  });
});
