import { expect, it } from 'vitest';
import { narrowToHalf, widenBfloat, widenHalf } from '../../src/checkpoint/half-float.js';

const words = (...values: number[]) => new Uint8Array(Uint16Array.from(values).buffer);

it('widens halves exactly: zero, one, the least, the largest, infinities, no number', () => {
  const wide = widenHalf(words(0x0000, 0x3c00, 0x0001, 0x7bff, 0xfc00, 0x7e00, 0xc000));
  expect([...wide]).toEqual([0, 1, 2 ** -24, 65504, -Infinity, Number.NaN, -2]);
});

it('widens bfloat16 exactly', () => {
  expect([...widenBfloat(words(0x3f80, 0xc040, 0x7f80))]).toEqual([1, -3, Infinity]);
});

it('gives every half back when it was widened', () => {
  const finite = Uint16Array.from({ length: 65536 }, (_, word) => word).filter((word) => (word & 0x7c00) !== 0x7c00);
  const bytes = new Uint8Array(finite.buffer);
  expect(Buffer.compare(narrowToHalf(widenHalf(bytes)), bytes)).toBe(0);
});

it('rounds to the nearest half, ties to even', () => {
  const half = 2 ** -11;
  const values = Float32Array.of(
    1 + half,
    1 + 3 * half,
    1 + half + 1e-6,
    65520,
    65519,
    2 ** -25,
    3 * 2 ** -25,
    Number.NaN,
  );
  const narrowed = new Uint16Array(narrowToHalf(values).slice().buffer);
  expect([...narrowed]).toEqual([0x3c00, 0x3c02, 0x3c01, 0x7c00, 0x7bff, 0x0000, 0x0002, 0x7e00]);
});
