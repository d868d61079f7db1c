import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../src/log/log.js';
import { openH264Encoder } from '../../src/server/h264-encoder.js';
import type { EncodedPicture } from '../../src/server/picture-encoder.js';
import { type RunningServer, startServer } from '../../src/server/server.js';
import { codecOf, isKeyAccessUnit } from '../../src/wire/access-unit.js';
import { SyntheticStream } from './synthetic-stream.js';
import { TestClient } from './test-client.js';

const open: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).reverse()) {
    await close();
  }
});

async function serve(stream: SyntheticStream): Promise<RunningServer> {
  const server = await startServer({ streams: [stream], log: silentLog, port: 0 });
  open.push(() => server.close());
  return server;
}

/** Emits a frame at a time until `condition` holds. */
async function emitUntil(stream: SyntheticStream, client: TestClient, condition: () => boolean): Promise<void> {
  while (!condition()) {
    const seen = client.frames.length;
    stream.emit();
    await Promise.race([client.until(() => client.frames.length > seen), nextTurns(200)]);
  }
}

async function nextTurns(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) {
    await nextTurn();
  }
}

describe('H.264 encoder', () => {
  it('gives one access unit for each frame, a key frame first, when asked, and after a change of size', async () => {
    const encoder = openH264Encoder({ crf: 21, maxBitrateKbps: 20_000 });
    open.push(() => encoder.dispose());
    const stream = new SyntheticStream({ sourceWidth: 33, sourceHeight: 19, scale: 1 });
    const pictures: EncodedPicture[] = [];
    for (let frame = 0; frame < 8; frame += 1) {
      if (frame === 6) {
        stream.resize(64, 36);
      }
      pictures.push(await encoder.encode(stream.emit().frame, frame === 3));
    }
    expect(pictures.map(({ key }) => key)).toEqual([true, false, false, true, false, false, true, false]);
    expect(pictures.map(({ bytes }) => isKeyAccessUnit(bytes))).toEqual(pictures.map(({ key }) => key));
    expect(pictures.map(({ width, height }) => `${width}×${height}`)).toEqual([
      ...Array<string>(6).fill('32×18'),
      ...Array<string>(2).fill('64×36'),
    ]);
    expect(codecOf(pictures[0]?.bytes ?? new Uint8Array())).toMatch(/^avc1\.42C0[0-9A-F]{2}$/);
    expect(codecOf(pictures[1]?.bytes ?? new Uint8Array())).toBeUndefined();
  });

  it('fails the frame at hand when it is disposed of', async () => {
    const encoder = openH264Encoder({ crf: 21, maxBitrateKbps: 20_000 });
    const picture = encoder.encode(new SyntheticStream().emit().frame, false);
    encoder.dispose();
    await expect(picture).rejects.toMatchObject({ code: 'ERR_MEDIA_PROCESS' });
  });
});

describe('H.264 over WebSocket', () => {
  it('starts with a key frame for whoever joins, and encodes nothing when nobody watches', async () => {
    const stream = new SyntheticStream();
    const server = await serve(stream);
    const first = new TestClient(`${server.url}/streams/gate?view=pair&codec=h264`);
    expect(await first.hello()).toMatchObject({ codec: 'h264', view: 'pair', width: 128, height: 72 });
    await emitUntil(stream, first, () => first.frames.length >= 3);
    expect(first.frames.slice(0, 3).map(({ key }) => key)).toEqual([true, false, false]);
    for (const { payload, sourcePayload, key } of first.frames) {
      expect([isKeyAccessUnit(payload), isKeyAccessUnit(sourcePayload)]).toEqual([key, key]);
    }

    const second = new TestClient(`${server.url}/streams/gate?view=pair&codec=h264`);
    await second.hello();
    await emitUntil(stream, first, () => second.frames.length >= 2);
    expect(second.frames[0]?.key).toBe(true);
    // Both got the same encode.
    const same = await first.frame(second.frames[0]?.seq ?? 0);
    expect(same.payload).toEqual(second.frames[0]?.payload);

    first.socket.terminate();
    second.socket.terminate();
    // The last frame may still be in the encoder.
    while (server.clients().length > 0 || stream.leasesOut > 0) {
      await nextTurn();
    }
    stream.emit();
    expect(stream.leasesOut).toBe(0);
  });
});
