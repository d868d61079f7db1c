import { describe, expect, it } from 'vitest';
import type { LimpidError } from '../../src/errors/limpid-error.js';
import { decodeSoundMessage, encodeSoundHeader, isSoundMessage } from '../../src/wire/sound-message.js';
import { seededRandom } from './seeded-random.js';

/** Written by hand from the byte layout in the README, not by the encoder. */
const GOLDEN = Buffer.from(
  [
    '4c 4d 50 41', //             0 magic "LMPA"
    '01 20', //                   4 version 1, header length 32
    '01 00', //                   6 flags: 1 begins
    'ef cd ab 89 67 45 23 01', // 8 ptsNs 0x0123456789abcdef
    '03 00 00 00', //            16 payload: 3 bytes
    '00 00 48 41', //            20 durationMs 12.5
    '00 00 00 00 00 00 00 00', // 24 zero
    '0a 0b 0c', //               32 payload
  ]
    .join('')
    .replaceAll(' ', ''),
  'hex',
);

const bufferOf = (bytes: Uint8Array): ArrayBuffer => Uint8Array.from(bytes).buffer;

describe('a sound message', () => {
  it('is written and read as the layout says', () => {
    const header = { begins: true, ptsNs: 0x0123456789abcdefn, durationMs: 12.5 };
    expect(Buffer.from(encodeSoundHeader(header, 3))).toEqual(GOLDEN.subarray(0, 32));
    expect(decodeSoundMessage(bufferOf(GOLDEN))).toEqual({ ...header, payload: Uint8Array.of(10, 11, 12) });
  });

  it.each([
    [
      'short',
      GOLDEN.subarray(0, 31),
      'Expected a sound message to start with "LMPA" and a header but received 31 bytes',
    ],
    ['cut', GOLDEN.subarray(0, 34), 'Expected a sound message of 35 bytes as its header says but received 34 bytes'],
    [
      'of another version',
      Buffer.concat([GOLDEN.subarray(0, 4), Buffer.of(2), GOLDEN.subarray(5)]),
      'received version 2',
    ],
  ])('is refused when %s', (_, bytes, says) => {
    expect(() => decodeSoundMessage(bufferOf(bytes))).toThrow(says);
  });

  it('is a frame or nothing where the magic differs', () => {
    expect(isSoundMessage(bufferOf(Buffer.from('4c4d504401', 'hex')))).toBe(false);
    expect(isSoundMessage(new ArrayBuffer(0))).toBe(false);
  });

  it('fails with ERR_WIRE whatever is changed in it', () => {
    const random = seededRandom(5);
    for (let round = 0; round < 3_000; round += 1) {
      const bytes = Buffer.from(GOLDEN);
      for (let flips = 0; flips < 3; flips += 1) {
        bytes[random.integer(bytes.length)] = random.integer(256);
      }
      try {
        expect(decodeSoundMessage(bufferOf(bytes)).payload).toHaveLength(3);
      } catch (error) {
        expect((error as LimpidError).code).toBe('ERR_WIRE');
      }
    }
  });
});
