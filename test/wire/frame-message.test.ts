import { describe, expect, it } from 'vitest';
import { LimpidError } from '../../src/errors/limpid-error.js';
import {
  decodeFrameMessage,
  encodeFrameHeader,
  FRAME_HEADER_BYTES,
  type FrameHeader,
} from '../../src/wire/frame-message.js';
import { seededRandom } from './seeded-random.js';

/** Written by hand from the byte layout of the contract, not by the encoder. */
const GOLDEN = [
  '4c 4d 50 44', //             0 magic "LMPD"
  '01 40', //                   4 version 1, header length 64
  '0e 00', //                   6 flags: 2 restored + 4 discontinuity + 8 pair
  '04 03 02 01', //             8 seq 0x01020304
  '07 00 00 00', //            12 session 7
  'ef cd ab 89 67 45 23 01', // 16 ptsNs 0x0123456789abcdef
  '00 00 00 00 00 00 f8 3f', // 24 captureTimeMs 1.5
  '00 00 00 00 00 00 04 c0', // 32 sentTimeMs −2.5
  '00 05 d0 02', //            40 1280 × 720
  '40 01 b4 00', //            44 320 × 180
  '03 00 00 00', //            48 payload: 3 bytes
  '02 00 00 00', //            52 second payload: 2 bytes
  '00 00 48 41', //            56 latencyMs 12.5
  '00 00 00 00', //            60 zero
].join(' ');

const GOLDEN_HEADER: FrameHeader = {
  key: false,
  restored: true,
  discontinuity: true,
  pair: true,
  seq: 0x01020304,
  session: 7,
  ptsNs: 0x0123456789abcdefn,
  captureTimeMs: 1.5,
  sentTimeMs: -2.5,
  width: 1280,
  height: 720,
  sourceWidth: 320,
  sourceHeight: 180,
  latencyMs: 12.5,
};

function fromHex(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hex.split(' '), (byte) => Number.parseInt(byte, 16));
}

function messageOf(header: FrameHeader, payload: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const head = encodeFrameHeader(header, payload.byteLength, second.byteLength);
  const message = new Uint8Array(head.byteLength + payload.byteLength + second.byteLength);
  message.set(head, 0);
  message.set(payload, head.byteLength);
  message.set(second, head.byteLength + payload.byteLength);
  return message;
}

describe('frame message', () => {
  it('writes the bytes of the contract', () => {
    expect(encodeFrameHeader(GOLDEN_HEADER, 3, 2)).toEqual(fromHex(GOLDEN));
  });

  it('reads the bytes of the contract', () => {
    const message = fromHex(`${GOLDEN} aa bb cc dd ee`);
    const { payload, sourcePayload, ...header } = decodeFrameMessage(message);
    expect(header).toEqual(GOLDEN_HEADER);
    expect([...payload]).toEqual([0xaa, 0xbb, 0xcc]);
    expect([...sourcePayload]).toEqual([0xdd, 0xee]);
  });

  it('gives back every header it was given, at any offset of a larger buffer', () => {
    const random = seededRandom(1);
    for (let round = 0; round < 500; round += 1) {
      const pair = random.integer(2) === 1;
      const header: FrameHeader = {
        key: random.integer(2) === 1,
        restored: random.integer(2) === 1,
        discontinuity: random.integer(2) === 1,
        pair,
        seq: random.integer(2 ** 32),
        session: random.integer(2 ** 32),
        ptsNs: (BigInt(random.integer(2 ** 32)) << 32n) | BigInt(random.integer(2 ** 32)),
        captureTimeMs: random.integer(2 ** 32) * 400 + 0.25,
        sentTimeMs: random.integer(2 ** 32) * 400 + 0.5,
        width: random.integer(2 ** 16),
        height: random.integer(2 ** 16),
        sourceWidth: random.integer(2 ** 16),
        sourceHeight: random.integer(2 ** 16),
        latencyMs: Math.fround(random.integer(100_000) / 7),
      };
      const payload = random.bytes(random.integer(200));
      const second = random.bytes(pair ? random.integer(200) : 0);
      const message = messageOf(header, payload, second);
      const offset = random.integer(9);
      const larger = new Uint8Array(offset + message.byteLength + 5);
      larger.set(message, offset);

      const decoded = decodeFrameMessage(larger.subarray(offset, offset + message.byteLength));
      const { payload: readPayload, sourcePayload: readSecond, ...readHeader } = decoded;
      expect(readHeader).toEqual(header);
      expect(readPayload).toEqual(payload);
      expect(readSecond).toEqual(second);
    }
  });

  it('skips what a longer header says', () => {
    const message = new Uint8Array(72);
    message.set(encodeFrameHeader({ ...GOLDEN_HEADER, pair: false }, 4), 0);
    message[5] = 68;
    message.set([1, 2, 3, 4], 68);
    expect([...decodeFrameMessage(message).payload]).toEqual([1, 2, 3, 4]);
  });

  const golden = fromHex(`${GOLDEN} aa bb cc dd ee`);
  const changed = (offset: number, value: number) => {
    const message = golden.slice();
    message[offset] = value;
    return message;
  };
  const hostile: readonly { name: string; message: Uint8Array<ArrayBuffer>; says: string }[] = [
    {
      name: 'nothing',
      message: new Uint8Array(0),
      says: 'Expected at least 64 bytes of frame header but received 0 bytes',
    },
    {
      name: 'half a header',
      message: golden.slice(0, 40),
      says: 'Expected at least 64 bytes of frame header but received 40 bytes',
    },
    {
      name: 'another magic',
      message: changed(0, 0x4d),
      says: 'Expected a frame message to start with "LMPD" but received 0x44504d4d',
    },
    {
      name: 'another version',
      message: changed(4, 2),
      says: 'Expected frame message version 1 but received version 2',
    },
    { name: 'a short header', message: changed(5, 63), says: 'Expected a header length of 64 to 69 but received 63' },
    {
      name: 'a header past the end',
      message: changed(5, 255),
      says: 'Expected a header length of 64 to 69 but received 255',
    },
    {
      name: 'a payload past the end',
      message: changed(51, 0xff),
      says: 'Expected a frame message of 4278190149 bytes as its header says but received 69 bytes',
    },
    {
      name: 'bytes nobody announced',
      message: changed(52, 1),
      says: 'Expected a frame message of 68 bytes as its header says but received 69 bytes',
    },
    {
      name: 'a second payload outside a pair',
      message: changed(6, 6),
      says: 'Expected a second payload only in a pair but received 2 bytes without the pair flag',
    },
  ];
  it.each(hostile)('refuses $name', ({ message, says }) => {
    const decode = () => decodeFrameMessage(message);
    expect(decode).toThrow(LimpidError);
    expect(decode).toThrow(says);
  });

  it('never does worse than ERR_WIRE on random bytes', () => {
    const random = seededRandom(2);
    for (let round = 0; round < 5000; round += 1) {
      const message = random.integer(2) === 0 ? random.bytes(random.integer(200)) : golden.slice();
      for (let flips = random.integer(6); flips > 0 && message.length > 0; flips -= 1) {
        message[random.integer(message.length)] = random.integer(256);
      }
      try {
        const { payload, sourcePayload } = decodeFrameMessage(message);
        expect(payload.byteLength + sourcePayload.byteLength).toBeLessThanOrEqual(message.length - FRAME_HEADER_BYTES);
      } catch (error) {
        expect(error).toMatchObject({ code: 'ERR_WIRE' });
      }
    }
  });
});
