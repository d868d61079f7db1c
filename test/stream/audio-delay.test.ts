import { describe, expect, it } from 'vitest';
import type { AudioPacket } from '../../src/frame/audio.js';
import { AudioDelay } from '../../src/stream/audio-delay.js';

const NS_PER_MS = 1_000_000n;

function packet(atMs: number, bytes = 10, caps = 'audio/x-alaw'): AudioPacket {
  return { caps, ptsNs: BigInt(atMs) * NS_PER_MS, durationNs: 20n * NS_PER_MS, data: Buffer.alloc(bytes) };
}

const timesMs = (packets: readonly { ptsNs: bigint | null }[] = []) =>
  packets.map(({ ptsNs }) => Number((ptsNs ?? -1n) / NS_PER_MS));

describe('sound that waits for its pictures', () => {
  it('goes with the first frame that is not before it', () => {
    const delay = new AudioDelay();
    for (const atMs of [0, 20, 40, 60]) {
      delay.push(packet(atMs));
    }
    expect(timesMs(delay.take(40n * NS_PER_MS)?.packets)).toEqual([0, 20, 40]);
    expect(timesMs(delay.take(59n * NS_PER_MS)?.packets)).toEqual([]);
    expect(timesMs(delay.take(80n * NS_PER_MS)?.packets)).toEqual([60]);
  });

  it('says what it is before any of it is due, and nothing before any has come', () => {
    const delay = new AudioDelay();
    expect(delay.take(0n)).toBeUndefined();
    delay.push(packet(100));
    expect(delay.take(0n)).toEqual({ caps: 'audio/x-alaw', packets: [] });
  });

  it('changes its kind between two frames, never within one', () => {
    const delay = new AudioDelay();
    delay.push(packet(0, 10, 'audio/x-alaw'));
    delay.push(packet(20, 10, 'audio/x-opus'));
    delay.push(packet(40, 10, 'audio/x-opus'));
    expect(delay.take(100n * NS_PER_MS)).toMatchObject({ caps: 'audio/x-alaw', packets: [{ ptsNs: 0n }] });
    const next = delay.take(100n * NS_PER_MS);
    expect(next?.caps).toBe('audio/x-opus');
    expect(timesMs(next?.packets)).toEqual([20, 40]);
  });

  it('loses the oldest when more bytes or more time wait than may', () => {
    const byBytes = new AudioDelay({ maxBytes: 25 });
    expect([0, 20, 40].map((atMs) => byBytes.push(packet(atMs)))).toEqual([0, 0, 1]);
    expect(timesMs(byBytes.take(100n * NS_PER_MS)?.packets)).toEqual([20, 40]);
    const byTime = new AudioDelay({ maxMs: 50 });
    expect([0, 20, 80].map((atMs) => byTime.push(packet(atMs)))).toEqual([0, 0, 2]);
    expect(timesMs(byTime.take(100n * NS_PER_MS)?.packets)).toEqual([80]);
  });
});
