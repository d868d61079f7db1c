import { describe, expect, it } from 'vitest';
import type { EncodedPacket } from '../../src/frame/audio.js';
import { GDP_BUFFER, GDP_SEGMENT, writeGdpHeader } from '../../src/media/gdp-packet.js';
import { gdpPacketBytes, gdpPacketParser } from '../../src/media/gdp-packets.js';
import type { Timeline } from '../../src/media/gdp-timeline.js';
import { gdpStreamPrologue } from '../../src/media/gdp-writer.js';
import { seededIntegers } from '../fixtures/video-files.js';

const CAPS = 'audio/x-opus, rate=(int)48000, channels=(int)2';

function segment(start: number, base = 0): Buffer {
  const text = `GstEventSegment, segment=(GstSegment)"segment, rate=(double)1, format=(GstFormat)time, base=(guint64)${base}, offset=(guint64)0, start=(guint64)${start}, stop=(guint64)18446744073709551615";\0`;
  const payload = Buffer.from(text);
  return Buffer.concat([
    writeGdpHeader({ type: GDP_SEGMENT, payloadBytes: payload.length, ptsNs: null, durationNs: null }),
    payload,
  ]);
}

function packet(ptsNs: bigint | null, bytes = 3): EncodedPacket {
  return { ptsNs, durationNs: 20n, data: Buffer.alloc(bytes, Number((ptsNs ?? 0n) % 251n)) };
}

function read(stream: Buffer, timeline: Timeline, chunkBytes = () => stream.length) {
  const packets: EncodedPacket[] = [];
  const caps: string[] = [];
  const parser = gdpPacketParser(timeline, { caps: (text) => caps.push(text), packet: (one) => packets.push(one) });
  for (let at = 0; at < stream.length; ) {
    const bytes = chunkBytes();
    const chunk = Buffer.from(stream.subarray(at, at + bytes));
    parser.push(chunk);
    chunk.fill(0xee);
    at += bytes;
  }
  parser.end();
  return { packets, caps };
}

describe('encoded packets on a GDP pipe', () => {
  it('come back byte for byte, wherever the chunks end', () => {
    const next = seededIntegers(5);
    const sent = Array.from({ length: 40 }, (_, i) => packet(BigInt(i) * 20_000_000n, next() % 700));
    const stream = Buffer.concat([gdpStreamPrologue('a', CAPS), ...sent.map(gdpPacketBytes)]);
    const received = read(stream, 'running', () => 1 + (next() % 97));
    expect(received).toEqual({ caps: [CAPS], packets: sent });
  });

  it('are timed by their segment: negative before its start, later by its base', () => {
    const stream = Buffer.concat([
      gdpStreamPrologue('a', CAPS),
      segment(23),
      gdpPacketBytes(packet(0n)),
      gdpPacketBytes(packet(23n)),
      segment(100, 50),
      gdpPacketBytes(packet(107n)),
      gdpPacketBytes(packet(null)),
    ]);
    expect(read(stream, 'running').packets.map(({ ptsNs }) => ptsNs)).toEqual([-23n, 0n, 57n, null]);
    // Matroska's demuxer announces segments that its stamps don't mean.
    expect(read(stream, 'stamps').packets.map(({ ptsNs }) => ptsNs)).toEqual([0n, 23n, 107n, null]);
  });

  it('are refused before caps, and beyond their limit before memory is taken', () => {
    const huge = writeGdpHeader({ type: GDP_BUFFER, payloadBytes: 0x7fff_ffff, ptsNs: 0n, durationNs: null });
    expect(() => read(gdpPacketBytes(packet(0n)), 'running')).toThrowError(/Expected caps before the first packet/);
    expect(() => read(Buffer.concat([gdpStreamPrologue('a', CAPS), huge]), 'running')).toThrowError(
      /Expected packets of at most 67108864 bytes .* but received 2147483647/,
    );
  });
});
