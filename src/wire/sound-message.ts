/**
 * Sound as a binary WebSocket message, for clients that asked for it: packets of a little while, in fragmented MP4.
 *
 *      0 u32 magic "LMPA"   4 u8 version   5 u8 header length   6 u16 flags: 1 begins
 *      8 u64 ptsNs of the first packet    16 u32 payload bytes  20 f32 duration, ms   24 two u32 of zero
 *     32 payload
 *
 * Everything is little-endian. A payload that begins has the initialisation segment before its fragment; all payloads from
 * there on, in their order, are an MP4 file whose times are those of the frames, in microseconds.
 */
import { LimpidError } from '../errors/limpid-error.js';

/** "LMPA" read as a little-endian u32. */
export const SOUND_MAGIC = 0x41504d4c;
/** Bytes before the payload. */
export const SOUND_HEADER_BYTES = 32;

const SOUND_VERSION = 1;
const FLAG_BEGINS = 1;

/** What a sound message says of its packets. */
export interface SoundHeader {
  /** The payload begins with an initialisation segment. */
  readonly begins: boolean;
  /** Presentation time of the first packet on the stream clock, that of the frames, ns. */
  readonly ptsNs: bigint;
  readonly durationMs: number;
}

/** A decoded sound message; the payload is a view into it. */
export interface SoundMessage extends SoundHeader {
  readonly payload: Uint8Array<ArrayBuffer>;
}

/** Whether a binary message is one of sound: if not it is a frame. */
export function isSoundMessage(message: ArrayBuffer): boolean {
  return message.byteLength >= 4 && new DataView(message).getUint32(0, true) === SOUND_MAGIC;
}

/** Writes the 32 bytes that go before `payloadBytes` of MP4. */
export function encodeSoundHeader(header: SoundHeader, payloadBytes: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(SOUND_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, SOUND_MAGIC, true);
  view.setUint8(4, SOUND_VERSION);
  view.setUint8(5, SOUND_HEADER_BYTES);
  view.setUint16(6, header.begins ? FLAG_BEGINS : 0, true);
  view.setBigUint64(8, header.ptsNs, true);
  view.setUint32(16, payloadBytes, true);
  view.setFloat32(20, header.durationMs, true);
  return bytes;
}

/** Reads a sound message. Throws ERR_WIRE on what is none; a longer header is accepted. */
export function decodeSoundMessage(message: ArrayBuffer): SoundMessage {
  const { byteLength } = message;
  if (byteLength < SOUND_HEADER_BYTES || !isSoundMessage(message)) {
    throw wireError('a sound message to start with "LMPA" and a header', `${byteLength} bytes of something else`);
  }
  const view = new DataView(message);
  const version = view.getUint8(4);
  if (version !== SOUND_VERSION) {
    throw wireError(`sound message version ${SOUND_VERSION}`, `version ${version}`);
  }
  const headerBytes = view.getUint8(5);
  const payloadBytes = view.getUint32(16, true);
  if (headerBytes < SOUND_HEADER_BYTES || headerBytes + payloadBytes !== byteLength) {
    throw wireError(`a sound message of ${headerBytes + payloadBytes} bytes as its header says`, `${byteLength} bytes`);
  }
  return {
    begins: (view.getUint16(6, true) & FLAG_BEGINS) !== 0,
    ptsNs: view.getBigUint64(8, true),
    durationMs: view.getFloat32(20, true),
    payload: new Uint8Array(message, headerBytes, payloadBytes),
  };
}

function wireError(expected: string, received: string): LimpidError {
  return new LimpidError('ERR_WIRE', `Expected ${expected} but received ${received}`);
}
