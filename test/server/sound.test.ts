import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { AudioSlice } from '../../src/frame/audio.js';
import type { LiveStream } from '../../src/frame/live-stream.js';
import { audioTrackOf, packetTimesMs } from '../fixtures/ffprobe.js';
import { scratchFolder } from '../fixtures/video-files.js';
import { serve } from './serve.js';
import { SyntheticStream } from './synthetic-stream.js';
import { TestClient } from './test-client.js';

const MS = 1_000_000n;
const folder = scratchFolder('server-sound');

/** A synthetic stream with sound. */
class SoundingStream extends SyntheticStream implements LiveStream {
  readonly audio$ = new Subject<AudioSlice>();
}

async function listen(): Promise<{ stream: SoundingStream; client: TestClient }> {
  const stream = new SoundingStream();
  const server = await serve({ streams: [stream] });
  const client = new TestClient(`${server.url}/streams/gate`);
  await client.hello();
  say(client, { type: 'sound', on: true });
  // What is asked after it is answered after it.
  say(client, { type: 'clock', clientTimeMs: 1 });
  await client.message('clock');
  return { stream, client };
}

function say(client: TestClient, message: object): void {
  client.socket.send(JSON.stringify(message));
}

/** Packets of 20 ms. */
function packetsOf(data: Buffer, bytes: number): AudioSlice['packets'] {
  return Array.from({ length: Math.floor(data.length / bytes) }, (_, i) => ({
    ptsNs: 5_000n * MS + BigInt(i) * 20n * MS,
    durationNs: 20n * MS,
    data: data.subarray(i * bytes, (i + 1) * bytes),
  }));
}

function play(file: string, input: readonly string[] = []): Buffer {
  return execFileSync('ffmpeg', ['-v', 'error', ...input, '-i', file, '-f', 's16le', '-']);
}

describe('sound over WebSocket', () => {
  it.each([
    ['A-law', 'alaw', 'audio/x-alaw'],
    ['µ-law', 'mulaw', 'audio/x-mulaw'],
  ])('carries every value of %s as samples that ffmpeg hears in it, too', async (name, format, caps) => {
    const { stream, client } = await listen();
    const bytes = Buffer.from(Array.from({ length: 1_600 }, (_, i) => (i * 7) % 256));
    const packets = packetsOf(bytes, 160);
    stream.audio$.next({ caps: `${caps}, rate=(int)8000, channels=(int)1`, packets: packets.slice(0, 4) });
    stream.audio$.next({ caps: `${caps}, rate=(int)8000, channels=(int)1`, packets: [] });
    stream.audio$.next({ caps: `${caps}, rate=(int)8000, channels=(int)1`, packets: packets.slice(4) });
    expect(await client.message('sound')).toEqual({ type: 'sound', name, codec: 'flac' });
    const parts = await client.until(() => client.sound.length === 2 && client.sound);
    expect(parts.map(({ begins, ptsNs, durationMs }) => [begins, ptsNs / MS, durationMs])).toEqual([
      [true, 5_000n, 80],
      [false, 5_080n, 120],
    ]);
    const [mp4, raw] = [join(folder, `${format}.mp4`), join(folder, `${format}.raw`)];
    writeFileSync(mp4, Buffer.concat(parts.map(({ payload }) => payload)));
    writeFileSync(raw, bytes);
    expect(audioTrackOf(mp4)).toEqual({ codec: 'flac', rate: 8_000 });
    expect(play(mp4).equals(play(raw, ['-f', format, '-ar', '8000', '-ac', '1']))).toBe(true);
  });

  it('carries AAC with headers of MPEG-TS without them', async () => {
    const { stream, client } = await listen();
    const adts = execFileSync('ffmpeg', [
      ...['-v', 'error', '-f', 'lavfi', '-i', 'sine=f=440:r=44100:d=1', '-c:a', 'aac', '-f', 'adts', '-'],
    ]);
    const packets = [];
    // The length of a packet, its header included, is 13 bits from the 30th on.
    for (let at = 0, i = 0n; at < adts.length; i += 1n) {
      const bytes = (adts.readUInt32BE(at + 3) >>> 13) & 0x1fff;
      packets.push({
        ptsNs: (i * 1_024n * 1_000n * MS) / 44_100n,
        durationNs: null,
        data: adts.subarray(at, at + bytes),
      });
      at += bytes;
    }
    const caps = 'audio/mpeg, mpegversion=(int)4, stream-format=(string)adts, rate=(int)44100, channels=(int)1';
    stream.audio$.next({ caps, packets });
    expect(await client.message('sound')).toEqual({ type: 'sound', name: 'AAC', codec: 'mp4a.40.2' });
    const [part] = await client.until(() => client.sound.length === 1 && client.sound);
    const mp4 = join(folder, 'adts.mp4');
    writeFileSync(mp4, part?.payload ?? '');
    const [whole, plain] = [play(mp4), join(folder, 'plain.aac')];
    writeFileSync(plain, adts);
    expect(whole.equals(play(plain))).toBe(true);
  });

  it('says what browsers do not play, and sends none of it', async () => {
    const { stream, client } = await listen();
    stream.audio$.next({
      caps: 'audio/x-ac3, rate=(int)48000, channels=(int)2',
      packets: packetsOf(Buffer.alloc(64), 32),
    });
    expect(await client.message('sound')).toEqual({ type: 'sound', name: 'AC-3', codec: null });
    // A later kind begins anew.
    stream.audio$.next({
      caps: 'audio/x-opus, rate=(int)48000, channels=(int)1',
      packets: packetsOf(Buffer.alloc(64, 8), 32),
    });
    const [part] = await client.until(() => client.sound.length === 1 && client.sound);
    expect(part?.begins).toBe(true);
  });

  it('leaves a gap where packets are missing, and begins with the first that holds something', async () => {
    const { stream, client } = await listen();
    const [empty, first, second] = packetsOf(Buffer.alloc(480, 0xd5), 160);
    const late = { ...second, ptsNs: 5_500n * MS } as NonNullable<typeof second>;
    const packets = [{ ...empty, data: Buffer.alloc(3) } as NonNullable<typeof empty>, first, late];
    stream.audio$.next({ caps: 'audio/x-alaw, rate=(int)8000', packets: packets as AudioSlice['packets'] });
    const [part] = await client.until(() => client.sound.length === 1 && client.sound);
    expect(part).toMatchObject({ ptsNs: 5_020n * MS, durationMs: 500 });
    const mp4 = join(folder, 'gap.mp4');
    writeFileSync(mp4, part?.payload ?? '');
    expect(packetTimesMs(mp4, 'a')).toEqual([5_020, 5_500]);
  });

  it('packs nothing for clients that did not ask, and no more for those that ask no longer', async () => {
    const { stream, client } = await listen();
    expect(stream.audio$.observed).toBe(true);
    say(client, { type: 'sound', on: false });
    say(client, { type: 'sound', on: 'maybe' });
    expect((await client.message('error')).message).toBe('Expected sound.on to be true or false but received "maybe"');
    expect(stream.audio$.observed).toBe(false);
  });
});
