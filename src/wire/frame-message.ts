/**
 * One frame as a binary WebSocket message: the last form a picture has before it reaches a viewer.
 *
 *      0 u32 magic "LMPD"   4 u8 version   5 u8 header length   6 u16 flags
 *      8 u32 seq           12 u32 session 16 u64 ptsNs         24 f64 captureTimeMs   32 f64 sentTimeMs
 *     40 u16 width         42 u16 height  44 u16 sourceWidth   46 u16 sourceHeight
 *     48 u32 payload bytes 52 u32 second payload bytes         56 f32 latencyMs       60 u32 zero
 *     64 payload, then the second payload
 *
 * Everything is little-endian. This file runs in the server and in the browser and depends on nothing of either.
 */
import { LimpidError } from '../errors/limpid-error.js';

/** "LMPD" read as a little-endian u32. */
export const FRAME_MAGIC = 0x44504d4c;
/** Version of the frame message and of the hello that announces it. */
export const PROTOCOL_VERSION = 1;
/** Bytes before the first payload. */
export const FRAME_HEADER_BYTES = 64;

const FLAG_KEY = 1;
const FLAG_RESTORED = 2;
const FLAG_DISCONTINUITY = 4;
const FLAG_PAIR = 8;

/** What a frame message says about its picture. */
export interface FrameHeader {
  /** Can be decoded without an earlier message; always true for JPEG. */
  readonly key: boolean;
  /** The payload is the restored picture (else the source picture). */
  readonly restored: boolean;
  /** Nothing before this frame belongs to the same course of time. */
  readonly discontinuity: boolean;
  /** A second payload follows: the source picture of the same seq. */
  readonly pair: boolean;
  /** Number of the source frame, modulo 2^32. */
  readonly seq: number;
  readonly session: number;
  /** Presentation time on the stream clock, ns. */
  readonly ptsNs: bigint;
  /** When the server had the decoded source picture, Unix ms on the server's clock. */
  readonly captureTimeMs: number;
  /** When the server handed the message to the network, Unix ms on the server's clock. */
  readonly sentTimeMs: number;
  /** Size of the picture in the payload. */
  readonly width: number;
  readonly height: number;
  /** Size of the source picture. */
  readonly sourceWidth: number;
  readonly sourceHeight: number;
  /** From capture to sending, ms. */
  readonly latencyMs: number;
}

/** A decoded frame message; the payloads are views into the message. */
export interface FrameMessage extends FrameHeader {
  readonly payload: Uint8Array<ArrayBuffer>;
  /** Empty unless `pair`. */
  readonly sourcePayload: Uint8Array<ArrayBuffer>;
}

/** Writes the 64 bytes that go before `payloadBytes` and, for a pair, `sourcePayloadBytes` of pictures. */
export function encodeFrameHeader(
  header: FrameHeader,
  payloadBytes: number,
  sourcePayloadBytes = 0,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(FRAME_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, FRAME_MAGIC, true);
  view.setUint8(4, PROTOCOL_VERSION);
  view.setUint8(5, FRAME_HEADER_BYTES);
  view.setUint16(6, flagsOf(header), true);
  view.setUint32(8, header.seq, true);
  view.setUint32(12, header.session, true);
  view.setBigUint64(16, header.ptsNs, true);
  view.setFloat64(24, header.captureTimeMs, true);
  view.setFloat64(32, header.sentTimeMs, true);
  view.setUint16(40, header.width, true);
  view.setUint16(42, header.height, true);
  view.setUint16(44, header.sourceWidth, true);
  view.setUint16(46, header.sourceHeight, true);
  view.setUint32(48, payloadBytes, true);
  view.setUint32(52, sourcePayloadBytes, true);
  view.setFloat32(56, header.latencyMs, true);
  return bytes;
}

/**
 * Reads a frame message. Nothing is copied: the payloads are views into `message`.
 *
 * A header longer than 64 bytes is accepted (a later minor version may add fields), everything else that does not fit
 * is refused with ERR_WIRE.
 */
export function decodeFrameMessage(message: ArrayBuffer | Uint8Array<ArrayBuffer>): FrameMessage {
  const bytes = message instanceof Uint8Array ? message : new Uint8Array(message);
  if (bytes.byteLength < FRAME_HEADER_BYTES) {
    throw wireError(`at least ${FRAME_HEADER_BYTES} bytes of frame header`, `${bytes.byteLength} bytes`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = view.getUint32(0, true);
  if (magic !== FRAME_MAGIC) {
    throw wireError('a frame message to start with "LMPD"', `0x${magic.toString(16).padStart(8, '0')}`);
  }
  const version = view.getUint8(4);
  if (version !== PROTOCOL_VERSION) {
    throw wireError(`frame message version ${PROTOCOL_VERSION}`, `version ${version}`);
  }
  const headerBytes = view.getUint8(5);
  if (headerBytes < FRAME_HEADER_BYTES || headerBytes > bytes.byteLength) {
    throw wireError(`a header length of ${FRAME_HEADER_BYTES} to ${bytes.byteLength}`, `${headerBytes}`);
  }
  const flags = view.getUint16(6, true);
  const payloadBytes = view.getUint32(48, true);
  const sourcePayloadBytes = view.getUint32(52, true);
  const expectedBytes = headerBytes + payloadBytes + sourcePayloadBytes;
  if (expectedBytes !== bytes.byteLength) {
    throw wireError(`a frame message of ${expectedBytes} bytes as its header says`, `${bytes.byteLength} bytes`);
  }
  const pair = (flags & FLAG_PAIR) !== 0;
  if (!pair && sourcePayloadBytes > 0) {
    throw wireError('a second payload only in a pair', `${sourcePayloadBytes} bytes without the pair flag`);
  }
  return {
    key: (flags & FLAG_KEY) !== 0,
    restored: (flags & FLAG_RESTORED) !== 0,
    discontinuity: (flags & FLAG_DISCONTINUITY) !== 0,
    pair,
    seq: view.getUint32(8, true),
    session: view.getUint32(12, true),
    ptsNs: view.getBigUint64(16, true),
    captureTimeMs: view.getFloat64(24, true),
    sentTimeMs: view.getFloat64(32, true),
    width: view.getUint16(40, true),
    height: view.getUint16(42, true),
    sourceWidth: view.getUint16(44, true),
    sourceHeight: view.getUint16(46, true),
    latencyMs: view.getFloat32(56, true),
    payload: bytes.subarray(headerBytes, headerBytes + payloadBytes),
    sourcePayload: bytes.subarray(headerBytes + payloadBytes),
  };
}

function flagsOf(header: FrameHeader): number {
  return (
    (header.key ? FLAG_KEY : 0) |
    (header.restored ? FLAG_RESTORED : 0) |
    (header.discontinuity ? FLAG_DISCONTINUITY : 0) |
    (header.pair ? FLAG_PAIR : 0)
  );
}

function wireError(expected: string, received: string): LimpidError {
  return new LimpidError('ERR_WIRE', `Expected ${expected} but received ${received}`);
}
