/** Pushes to real servers and listeners on loopback, played from there. */
import { afterEach, describe, expect, it } from 'vitest';
import type { LimpidError } from '../../src/errors/limpid-error.js';
import { openPush } from '../../src/sink/push.js';
import { parsePushUri } from '../../src/sink/push-uri.js';
import { SinkQueue } from '../../src/stream/sink-queue.js';
import { noiseFrame } from '../fixtures/frames.js';
import { freeTcpPort, freeUdpPort } from '../fixtures/ports.js';
import { mediaProcessesOf } from '../fixtures/processes.js';
import { pulled } from '../fixtures/pulled.js';
import { startRtspRelay } from '../fixtures/rtsp-server.js';

const FRAME_MS = 100;

const open: { dispose(): Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((resource) => resource.dispose()));
  expect(mediaProcessesOf()).toEqual([]);
});

/** Pushes frames at their own pace until it is disposed. */
function feed(uri: string, troubles: LimpidError[] = []) {
  const push = openPush({ uri, preset: 'ultrafast', gopSeconds: 0.5, bitrateKbps: 4_000 });
  const queue = new SinkQueue(push, {
    onDrop: () => undefined,
    onFailure: (error) => troubles.push(error),
    firstDelayMs: 100,
    maxDelayMs: 500,
  });
  let seq = 0;
  const timer = setInterval(() => {
    queue.push(noiseFrame(seq, seq * FRAME_MS));
    seq += 1;
  }, FRAME_MS);
  open.push({
    dispose: async () => {
      clearInterval(timer);
      await queue.close();
    },
  });
}

/** What each of them plays: noise, of which no two pictures are alike, but for a few that rate control may leave out. */
async function expectNoise(uri: string): Promise<void> {
  const played = await pulled(uri);
  expect(played).toMatchObject({ codec: 'h264', width: 320, height: 180, frames: 10 });
  expect(played?.distinct).toBeGreaterThanOrEqual(7);
}

describe('a push', () => {
  it('is published on an RTSP relay, where others pull it, and again after that was killed', {
    timeout: 150_000,
  }, async () => {
    const troubles: LimpidError[] = [];
    const ports = { port: await freeTcpPort(), inner: await freeUdpPort() };
    const relay = await startRtspRelay(ports);
    open.push(relay);
    feed(relay.uri, troubles);
    await expectNoise(relay.relayedUri);
    await relay.kill();
    const next = await startRtspRelay(ports);
    open.push(next);
    await expectNoise(next.relayedUri);
    expect(troubles[0]).toMatchObject({
      code: 'ERR_SINK_WRITE',
      message: expect.stringMatching(new RegExp(`^The push to ${relay.uri} (ended|failed|was refused): `)),
    });
  });

  it('goes out as MPEG-TS over UDP', { timeout: 90_000 }, async () => {
    const uri = `udp://127.0.0.1:${await freeUdpPort()}`;
    feed(uri);
    await expectNoise(uri);
  });

  it('says that nothing answers, without the key', async () => {
    const port = await freeTcpPort();
    const push = openPush({ uri: `rtmp://127.0.0.1:${port}/live/s3cret-key` });
    const write = async () => {
      for (let seq = 0; seq < 100; seq += 1) {
        await push.write(noiseFrame(seq, seq * FRAME_MS));
      }
    };
    const error: LimpidError = await write().then(
      () => Promise.reject(new Error('it was taken')),
      (refusal) => refusal,
    );
    expect(error.message).toBe(
      `The push to rtmp://127.0.0.1:${port}/live/*** failed: nothing answers there; check host, port and network`,
    );
    expect(`${error.cause}`).not.toContain('s3cret');
    await push.close();
  });
});

describe('the address of a push', () => {
  it('keeps secrets out of its label', () => {
    expect(parsePushUri('rtsp://me:pa%20ss@relay/x')).toMatchObject({
      label: 'rtsp://***@relay/x',
      holes: { location: 'rtsp://relay/x', user: 'me', password: 'pa ss' },
    });
    expect(parsePushUri('rtmps://host/app/inner/key?auth=1').label).toBe('rtmps://host/app/inner/***');
    expect(parsePushUri('srt://host:9000?passphrase=0123456789').label).toBe('srt://host:9000?passphrase=***');
    expect(parsePushUri('udp://239.1.2.3:5000').holes).toEqual({ host: '239.1.2.3', port: 5_000 });
  });

  it.each([
    'http://host/x',
    'host/x',
    'udp://host',
    'srt://host',
    'rtsp:///x',
    'rtsp://host/a b',
    'rtmp://h/a\n! fakesink',
  ])('refuses %j without repeating it', (uri) => {
    expect(() => parsePushUri(uri)).toThrowError(/^Expected rtsp:\/\/, /);
    expect(() => openPush({ uri })).toThrowError(expect.objectContaining({ code: 'ERR_CONFIG' }));
  });
});
