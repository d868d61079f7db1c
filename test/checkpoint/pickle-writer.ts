/**
 * Pickles assembled by hand, as torch.save would never write them.
 */

/** The operations that tests need, each as bytes. */
export const op = {
  proto: bytes(0x80, 2),
  stop: bytes(0x2e),
  mark: bytes(0x28),
  dict: bytes(0x7d),
  emptyTuple: bytes(0x29),
  list: bytes(0x5d),
  tuple: bytes(0x74),
  tuple1: bytes(0x85),
  reduce: bytes(0x52),
  build: bytes(0x62),
  persistent: bytes(0x51),
  setItem: bytes(0x73),
  append: bytes(0x61),
  none: bytes(0x4e),
  false: bytes(0x89),
  pop: bytes(0x30),
  text: (value: string) => Buffer.concat([bytes(0x58), u32(Buffer.byteLength(value)), Buffer.from(value)]),
  int: (value: number) => Buffer.concat([bytes(0x4a), u32(value >>> 0)]),
  long: (...value: number[]) => Buffer.concat([bytes(0x8a, value.length), bytes(...value)]),
  global: (module: string, name: string) => Buffer.from(`c${module}\n${name}\n`),
  put: (index: number) => bytes(0x71, index),
  get: (index: number) => bytes(0x68, index),
};

/** A pickle of these operations: the protocol before, the stop after. */
export function pickle(...operations: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([op.proto, ...operations, op.stop]);
}

function bytes(...values: readonly number[]): Buffer {
  return Buffer.from(values);
}

function u32(value: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt32LE(value);
  return out;
}
