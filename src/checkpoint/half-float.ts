/**
 * 16-bit floats: widened when weights are loaded, narrowed when they are written.
 */

/** Element types of weights. */
export type FloatType = 'F32' | 'F16' | 'BF16';

/** Little-endian floats of any of the types → float32, always a copy; exact. */
export function widenFloats(type: FloatType, bytes: Uint8Array): Float32Array {
  switch (type) {
    case 'F32':
      // A copy: the file's bytes need not be aligned, and the tensor must not keep the whole file alive. Not slice(),
      // which in a Buffer shares its memory.
      return new Float32Array(new Uint8Array(bytes).buffer);
    case 'F16':
      return widenHalf(bytes);
    case 'BF16':
      return widenBfloat(bytes);
  }
}

/** Reinterprets a float32 as its bits and back. */
const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** IEEE half precision (F16), little-endian bytes → float32; exact. */
export function widenHalf(bytes: Uint8Array): Float32Array {
  const table = halfTable();
  return mapWords(bytes, (word) => table[word] ?? 0);
}

/** bfloat16 (BF16), little-endian bytes → float32; exact. */
export function widenBfloat(bytes: Uint8Array): Float32Array {
  return mapWords(bytes, (word) => {
    bits[0] = word << 16;
    return float[0] ?? 0;
  });
}

/** float32 → the nearest half (ties to even), little-endian bytes. Beyond 65504 it becomes infinite. */
export function narrowToHalf(values: Float32Array): Uint8Array {
  const words = Uint16Array.from(values, halfOf);
  return new Uint8Array(words.buffer);
}

function mapWords(bytes: Uint8Array, widen: (word: number) => number): Float32Array {
  const values = new Float32Array(bytes.length >> 1);
  for (let i = 0; i < values.length; i++) values[i] = widen((bytes[2 * i] ?? 0) | ((bytes[2 * i + 1] ?? 0) << 8));
  return values;
}

let halves: Float32Array | undefined;

/** The value of each of the 65536 halves. */
function halfTable(): Float32Array {
  halves ??= Float32Array.from({ length: 65536 }, (_, word) => {
    const sign = word & 0x8000 ? -1 : 1;
    const exponent = (word >> 10) & 0x1f;
    const fraction = word & 0x3ff;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
    return sign * (1024 + fraction) * 2 ** (exponent - 25);
  });
  return halves;
}

function halfOf(value: number): number {
  float[0] = value;
  const word = bits[0] ?? 0;
  const sign = (word >>> 16) & 0x8000;
  const magnitude = word & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  // Below 2^-14 halves are evenly spaced by 2^-24; above, 13 bits of the fraction go.
  if (magnitude < 0x38800000) return sign | roundHalfEven(Math.abs(float[0] ?? 0) * 2 ** 24);
  return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
