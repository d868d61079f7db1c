import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Subject } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../src/log/log.js';
import { createFmp4Feed } from '../../src/server/fmp4-feed.js';
import { startServer } from '../../src/server/server.js';
import type { EncodedFrame } from '../../src/server/view-encoder.js';
import { encodeFrameHeader, type FrameHeader } from '../../src/wire/frame-message.js';
import { SyntheticStream } from './synthetic-stream.js';
import { TestClient } from './test-client.js';

const run = promisify(execFile);
const open: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).reverse()) {
    await close();
  }
});

async function decoded(file: string): Promise<Buffer> {
  const { stdout } = await run(
    'ffmpeg',
    ['-v', 'error', '-i', file, '-fps_mode', 'passthrough', '-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-'],
    { encoding: 'buffer', maxBuffer: 64 * 1024 * 1024 },
  );
  return stdout;
}

/** Offset and length of the boxes at the top of a file, by type. */
function boxesOf(bytes: Uint8Array): string[] {
  const view = Buffer.from(bytes);
  const types: string[] = [];
  for (let at = 0; at < view.length; at += view.readUInt32BE(at)) {
    types.push(view.toString('latin1', at + 4, at + 8));
  }
  return types;
}

describe('fMP4 over WebSocket', () => {
  it('carries the access units of the H.264 viewers, at their times, as files that play', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'limpid-fmp4-'));
    open.push(() => rm(folder, { recursive: true }));
    const stream = new SyntheticStream({ sourceWidth: 33, sourceHeight: 19 });
    const server = await startServer({ streams: [stream], log: silentLog, port: 0 });
    open.push(() => server.close());
    const h264 = new TestClient(`${server.url}/streams/gate?view=pair&codec=h264`);
    await h264.hello();
    const fmp4 = new TestClient(`${server.url}/streams/gate?view=pair&codec=fmp4`);
    expect(await fmp4.hello()).toMatchObject({ codec: 'fmp4', view: 'pair' });
    const painted = (x: number, y: number, seq: number) => [(x * 8 + seq * 20) % 256, (y * 8) % 256, 90] as const;
    for (let frame = 0; frame < 6; frame += 1) {
      const seen = fmp4.frames.length;
      stream.emit(painted, painted);
      if (frame === 3) {
        stream.skip(4);
      }
      await Promise.all([fmp4.until(() => fmp4.frames.length > seen), h264.until(() => h264.frames.length > seen)]);
    }
    const headers = (frames: typeof h264.frames) => frames.map(({ payload, sourcePayload, ...header }) => header);
    expect(headers(fmp4.frames)).toEqual(headers(h264.frames));
    expect(fmp4.frames.map(({ payload }) => boxesOf(payload).join(' '))).toEqual([
      'ftyp moov moof mdat',
      ...Array<string>(5).fill('moof mdat'),
    ]);

    for (const [track, size] of [
      ['payload', '132,76'],
      ['sourcePayload', '32,18'],
    ] as const) {
      const mp4 = join(folder, `${track}.mp4`);
      const raw = join(folder, `${track}.h264`);
      await writeFile(mp4, Buffer.concat(fmp4.frames.map((frame) => frame[track])));
      await writeFile(raw, Buffer.concat(h264.frames.map((frame) => frame[track])));
      expect((await decoded(mp4)).equals(await decoded(raw))).toBe(true);
      const { stdout } = await run('ffprobe', [
        ...['-v', 'error', '-show_entries', 'stream=width,height:packet=pts_time,flags', '-of', 'csv=p=0'],
        mp4,
      ]);
      const lines = stdout.trim().split('\n');
      expect(lines.at(-1)).toBe(size);
      expect(lines.slice(0, -1).map((line) => line.slice(0, 10))).toEqual(
        fmp4.frames.map(({ ptsNs, key }) => `${(Number(ptsNs) / 1e9).toFixed(6)},${key ? 'K' : '_'}`),
      );
    }
  });

  it('lays a fragment out as the README says, and lets times rise where the clock of a stream begins again', () => {
    const units = new Subject<EncodedFrame>();
    const seen: Buffer[] = [];
    const subscription = createFmp4Feed({ frames$: units, wantKey: () => {} }).frames$.subscribe(({ payload }) =>
      seen.push(payload),
    );
    open.push(() => subscription.unsubscribe());
    const key = Buffer.from('00000001674200' + '1f00000001' + '68ce0000000165aabb', 'hex');
    const delta = Buffer.from('0000000141ccdd', 'hex');
    const emit = (accessUnit: Buffer, ptsMs: number) => {
      const header: FrameHeader = { ...HEADER, key: accessUnit === key, ptsNs: BigInt(ptsMs) * 1_000_000n };
      const message = Buffer.concat([encodeFrameHeader(header, accessUnit.length), accessUnit]);
      units.next({ header, message, payload: message.subarray(64) });
    };
    emit(delta, 40); // nobody can begin here
    emit(key, 80);
    emit(delta, 200);
    emit(delta, 0);
    expect(seen.length).toBe(3);
    const fragments = [seen[0]?.subarray(seen[0].indexOf('moof') - 4), seen[1], seen[2]];
    expect(fragments.map((bytes) => bytes?.readBigUInt64BE(68))).toEqual([80_000n, 200_000n, 320_000n]);
    expect(fragments.map((bytes) => bytes?.readUInt32BE(20))).toEqual([1, 2, 3]);
    expect(fragments.map((bytes) => bytes?.readUInt32BE(48))).toEqual([40_000, 120_000, 120_000]);
    expect(fragments.map((bytes) => bytes?.readUInt32BE(52))).toEqual([0x02000000, 0x01010000, 0x01010000]);
    expect(seen[1]?.toString('hex')).toBe(
      [
        '000000646d6f6f66', // moof
        '000000106d6668640000000000000002', // mfhd
        '0000004c74726166', // traf
        '000000187466686400020028000000010001d4c001010000', // tfhd
        '00000014746664740100000000000000' + '00030d40', // tfdt
        '000000187472756e00000201000000010000006c00000007', // trun
        '0000000f6d646174', // mdat
        '0000000341ccdd',
      ].join(''),
    );
  });
});

const HEADER: FrameHeader = {
  key: false,
  restored: true,
  discontinuity: false,
  pair: false,
  seq: 1,
  session: 1,
  ptsNs: 0n,
  captureTimeMs: 0,
  sentTimeMs: 0,
  width: 64,
  height: 36,
  sourceWidth: 16,
  sourceHeight: 9,
  latencyMs: 0,
};
