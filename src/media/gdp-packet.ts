/**
 * One packet of the GStreamer Data Protocol 1.0: the header that stands before every payload on a media pipe.
 *
 *      0 u8 major 1   1 u8 minor 0   2 u8 flags (CRC)   3 u8 zero   4 u16 type   6 u32 payload bytes
 *     10 u64 PTS ns  18 u64 duration ns  26 u64 offset  34 u64 end offset  42 u16 buffer flags  44 u64 DTS ns  52 reserved
 *     58 u16 header CRC   60 u16 payload CRC   62 payload                                    big-endian; all ones: none
 *
 * CRCs are never asked for: the pipe does not leave the machine.
 */
import { LimpidError } from '../errors/limpid-error.js';

/** Bytes of a packet header. */
export const GDP_HEADER_BYTES = 62;

/** Packet types that matter here. Events are 64 + GStreamer's event type. */
export const GDP_BUFFER = 1;
export const GDP_CAPS = 2;
const GDP_EVENT_BASE = 64;
export const GDP_STREAM_START = GDP_EVENT_BASE + 10254;
export const GDP_SEGMENT = GDP_EVENT_BASE + 17934;
export const GDP_TAG = GDP_EVENT_BASE + 20510;
export const GDP_EOS = GDP_EVENT_BASE + 28174;

const NONE = 0xffff_ffff_ffff_ffffn;
/** A time that would be negative, as of a camera whose clock was set back, is written as if it were not. */
const LEAST_NEGATIVE = 1n << 63n;

/** What a packet header says. */
export interface GdpHeader {
  readonly type: number;
  readonly payloadBytes: number;
  /** Presentation time, ns, which may be negative; null when the packet has none. */
  readonly ptsNs: bigint | null;
  /** Duration, ns; null when the packet has none. */
  readonly durationNs: bigint | null;
}

/** Reads a header from the first 62 bytes. Throws ERR_GDP when it is not GDP 1.0. */
export function readGdpHeader(bytes: Buffer): GdpHeader {
  const major = bytes.readUInt8(0);
  const minor = bytes.readUInt8(1);
  if (major !== 1 || minor !== 0) {
    throw new LimpidError(
      'ERR_GDP',
      `Expected a GDP 1.0 packet on the media pipe but received version ${major}.${minor}`,
    );
  }
  return {
    type: bytes.readUInt16BE(4),
    payloadBytes: bytes.readUInt32BE(6),
    ptsNs: signed(timeOrNull(bytes.readBigUInt64BE(10))),
    durationNs: timeOrNull(bytes.readBigUInt64BE(18)),
  };
}

/** Writes a header. */
export function writeGdpHeader(header: GdpHeader): Buffer {
  const bytes = Buffer.alloc(GDP_HEADER_BYTES);
  bytes.writeUInt8(1, 0);
  bytes.writeUInt16BE(header.type, 4);
  bytes.writeUInt32BE(header.payloadBytes, 6);
  bytes.writeBigUInt64BE(header.ptsNs ?? NONE, 10);
  bytes.writeBigUInt64BE(header.durationNs ?? NONE, 18);
  bytes.writeBigUInt64BE(NONE, 26);
  bytes.writeBigUInt64BE(NONE, 34);
  bytes.writeBigUInt64BE(NONE, 44);
  return bytes;
}

function timeOrNull(ns: bigint): bigint | null {
  return ns === NONE ? null : ns;
}

function signed(ns: bigint | null): bigint | null {
  return ns !== null && ns >= LEAST_NEGATIVE ? BigInt.asIntN(64, ns) : ns;
}
