/**
 * G.711, the telephone's companded samples, which many cameras send: one byte to a 16-bit sample.
 */

/** How samples are companded. */
export type G711Law = 'A-law' | 'µ-law';

/** Sample values of the 256 bytes of each law (ITU-T G.711, tables 1 and 2), scaled to 16 bits. */
const VALUES: Readonly<Record<G711Law, Int16Array>> = {
  'A-law': Int16Array.from({ length: 256 }, (_, byte) => aLaw(byte)),
  'µ-law': Int16Array.from({ length: 256 }, (_, byte) => muLaw(byte)),
};

/** Expands bytes to samples. */
export function expandG711(data: Uint8Array, law: G711Law): Int16Array {
  const values = VALUES[law];
  return Int16Array.from(data, (byte) => values[byte] ?? 0);
}

/** Every second bit is inverted on the line; then a sign, three bits of exponent, four of mantissa. */
function aLaw(byte: number): number {
  const bits = byte ^ 0x55;
  const exponent = (bits >> 4) & 7;
  const step = ((bits & 15) << 4) + 8;
  const size = exponent === 0 ? step : (step + 0x100) << (exponent - 1);
  return (bits & 0x80) === 0 ? -size : size;
}

/** All bits are inverted on the line; 33 quarters of the smallest step are added before coding. */
function muLaw(byte: number): number {
  const bits = ~byte & 0xff;
  const size = ((((bits & 15) << 3) + 0x84) << ((bits >> 4) & 7)) - 0x84;
  return (bits & 0x80) === 0 ? size : -size;
}
