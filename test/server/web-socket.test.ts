import sharp from 'sharp';
import { afterEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../src/log/log.js';
import { type RunningServer, type StartServerOptions, startServer } from '../../src/server/server.js';
import { SyntheticStream } from './synthetic-stream.js';
import { isFrame, TestClient, upgradeStatus } from './test-client.js';

const open: RunningServer[] = [];

async function serve(stream: SyntheticStream, options: Partial<StartServerOptions> = {}): Promise<RunningServer> {
  const server = await startServer({ streams: [stream], log: silentLog, port: 0, ...options });
  open.push(server);
  return server;
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

async function meanColour(jpeg: Uint8Array): Promise<readonly number[]> {
  const { channels } = await sharp(jpeg).stats();
  return channels.map(({ mean }) => Math.round(mean));
}

describe('WebSocket', () => {
  it('says hello first, then sends restored JPEG frames with rising seq and PTS', async () => {
    const stream = new SyntheticStream();
    const server = await serve(stream);
    const client = new TestClient(`${server.url}/streams/gate`);
    const hello = await client.hello();
    expect(client.received[0]).toBe(hello);
    expect(hello).toEqual({
      type: 'hello',
      protocol: 1,
      stream: 'gate',
      view: 'restored',
      codec: 'jpeg',
      width: 128,
      height: 72,
      sourceWidth: 32,
      sourceHeight: 18,
      model: 'live-x4',
      engine: 'bypass',
      latencyFrames: 1,
    });

    for (let seq = 1; seq <= 5; seq += 1) {
      stream.emit();
      await client.frame(seq);
    }
    expect(client.frames.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
    expect(client.frames.map(({ ptsNs }) => ptsNs)).toEqual([1n, 2n, 3n, 4n, 5n].map((n) => n * 40_000_000n));
    const [first, second] = client.frames;
    expect(first).toMatchObject({ key: true, restored: true, pair: false, discontinuity: true, session: 1 });
    expect(first).toMatchObject({ width: 128, height: 72, sourceWidth: 32, sourceHeight: 18 });
    expect(second?.discontinuity).toBe(false);
    expect(first?.latencyMs).toBeGreaterThanOrEqual(49);
    expect(await sharp(first?.payload).metadata()).toMatchObject({ format: 'jpeg', width: 128, height: 72 });
    expect(await meanColour(first?.payload ?? new Uint8Array())).toEqual([40, 160, 60]);
  });

  it('carries the source picture of the same frame as second payload of a pair', async () => {
    const stream = new SyntheticStream();
    const server = await serve(stream);
    const client = new TestClient(`${server.url}/streams/gate?view=pair&codec=jpeg`);
    await client.hello();
    stream.emit();
    const frame = await client.frame(1);
    expect(frame).toMatchObject({ pair: true, restored: true, width: 128, sourceWidth: 32 });
    expect(await meanColour(frame.payload)).toEqual([40, 160, 60]);
    expect(await sharp(frame.sourcePayload).metadata()).toMatchObject({ format: 'jpeg', width: 32, height: 18 });
    const source = await meanColour(frame.sourcePayload);
    expect(Math.abs((source[0] ?? 0) - 200)).toBeLessThan(3);
  });

  it('sends source frames in their own size', async () => {
    const stream = new SyntheticStream();
    const server = await serve(stream);
    const client = new TestClient(`${server.url}/streams/gate?view=source`);
    expect(await client.hello()).toMatchObject({ view: 'source', width: 32, height: 18 });
    stream.emit();
    expect(await client.frame(1)).toMatchObject({ restored: false, pair: false, width: 32, height: 18 });
  });

  it('says hello again before a change of size', async () => {
    const stream = new SyntheticStream();
    const server = await serve(stream);
    const client = new TestClient(`${server.url}/streams/gate`);
    await client.hello();
    stream.emit();
    await client.frame(1);
    stream.resize(48, 20);
    stream.emit();
    await client.frame(2);
    const story = client.received.flatMap((message) => {
      if (isFrame(message)) {
        return [`frame ${message.width}×${message.height}`];
      }
      return message.type === 'hello' ? [`hello ${message.width}×${message.height}`] : [];
    });
    expect(story).toEqual(['hello 128×72', 'frame 128×72', 'hello 192×80', 'frame 192×80']);
  });

  it('tells the state of the stream and answers the clock', async () => {
    const stream = new SyntheticStream();
    stream.state = 'reconnecting';
    stream.reason = 'the camera closed the connection';
    const server = await serve(stream);
    const client = new TestClient(`${server.url}/streams/gate`);
    expect(await client.message('state')).toEqual({
      type: 'state',
      state: 'reconnecting',
      reason: 'the camera closed the connection',
      fpsIn: 25,
      fpsRestored: 12.5,
      framesSkipped: 0,
      framesDropped: 0,
      stageMs: { capture: 1, decode: 1, wait: 1, pyramid: 1, restore: 1, encode: 1, send: 1, total: 1 },
    });
    client.socket.send('{"type":"clock","clientTimeMs":12.5}');
    const clock = await client.message('clock');
    expect(clock.clientTimeMs).toBe(12.5);
    expect(Math.abs(clock.serverTimeMs - Date.now())).toBeLessThan(60_000);
  });

  it('answers nonsense with an error and goes on', async () => {
    const stream = new SyntheticStream();
    const server = await serve(stream);
    const client = new TestClient(`${server.url}/streams/gate`);
    await client.hello();
    client.socket.send('{"type":"reboot"}');
    expect(await client.message('error')).toEqual({
      type: 'error',
      code: 'ERR_WIRE',
      message: 'Expected a message of type "clock", "key" or "sound" but received "reboot"',
    });
    stream.emit();
    await client.frame(1);
  });

  it('closes a client whose messages are too long or too many', async () => {
    const server = await serve(new SyntheticStream(), { maxMessageBytes: 64, maxMessagesPerSecond: 5 });
    const long = new TestClient(`${server.url}/streams/gate`);
    await long.hello();
    const longClosed = long.closed();
    long.socket.send('x'.repeat(65));
    expect(await longClosed).toBe(1009);

    const many = new TestClient(`${server.url}/streams/gate`);
    await many.hello();
    const manyClosed = many.closed();
    for (let message = 0; message < 50; message += 1) {
      many.socket.send('{"type":"clock","clientTimeMs":1}');
    }
    expect(await manyClosed).toBe(1008);
  });

  it('refuses at the upgrade what it cannot serve', async () => {
    const server = await serve(new SyntheticStream(), { maxClients: 1 });
    const at = (path: string) => upgradeStatus(`${server.url}${path}`);
    expect(await at('/streams/door')).toBe(404);
    expect(await at('/streams/gate/extra')).toBe(404);
    expect(await at('/')).toBe(404);
    expect(await at('/streams/%E0%A4%A')).toBe(404);
    expect(await at('/streams/gate?view=behind')).toBe(400);
    expect(await at('/streams/gate?codec=mp4')).toBe(400);
    expect(await at('/streams/gate?codec=theora')).toBe(400);
    const only = new TestClient(`${server.url}/streams/gate`);
    await only.hello();
    expect(await at('/streams/gate')).toBe(503);
  });

  it('says goodbye to its clients when it closes', async () => {
    const server = await serve(new SyntheticStream());
    const client = new TestClient(`${server.url}/streams/gate`);
    await client.hello();
    const closed = client.closed();
    await server.close();
    expect(await closed).toBe(1001);
    await server.close();
  });
});
