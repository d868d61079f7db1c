import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { silentLog } from '../../src/log/log.js';
import { type RunningServer, type StartServerOptions, startServer } from '../../src/server/server.js';
import { seededRandom } from '../wire/seeded-random.js';
import { SyntheticStream } from './synthetic-stream.js';
import { TestClient } from './test-client.js';

const open: RunningServer[] = [];

async function serve(stream: SyntheticStream, options: Partial<StartServerOptions> = {}): Promise<RunningServer> {
  const server = await startServer({ streams: [stream], log: silentLog, port: 0, ...options });
  open.push(server);
  return server;
}

afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(open.splice(0).map((server) => server.close()));
});

describe('back-pressure', () => {
  it('lets a client that reads nothing lose frames while another gets them all, within a bound of memory', async () => {
    const stream = new SyntheticStream({ sourceWidth: 400, sourceHeight: 300, scale: 1 });
    const maxBufferedBytes = 64 * 1024;
    const server = await serve(stream, { maxBufferedBytes, maxBehindMs: 600_000, jpegQuality: 100 });
    const fast = new TestClient(`${server.url}/streams/gate`);
    const slow = new TestClient(`${server.url}/streams/gate?view=pair`);
    await Promise.all([fast.hello(), slow.hello()]);
    slow.socket.pause();
    const slowStatus = () => server.clients().find(({ view }) => view === 'pair');

    let seq = 0;
    let mostBuffered = 0;
    // Noise, which JPEG can't make small, to fill the kernel's buffers soon.
    const noise = seededRandom(3).bytes(400 * 300 * 3);
    // The kernel takes some megabytes before anything shows here.
    while ((slowStatus()?.framesDropped ?? 0) < 10 && seq < 400) {
      stream.emit(noise, noise);
      seq += 1;
      await fast.frame(seq);
      mostBuffered = Math.max(mostBuffered, slowStatus()?.bufferedBytes ?? 0);
    }
    const messageBytes = 2 * Math.max(...fast.frames.map(({ payload }) => payload.byteLength));
    expect(slowStatus()?.framesDropped).toBeGreaterThanOrEqual(10);
    expect(fast.frames.map((frame) => frame.seq)).toEqual(Array.from({ length: seq }, (_, index) => index + 1));
    expect(mostBuffered).toBeGreaterThan(maxBufferedBytes);
    expect(mostBuffered).toBeLessThan(maxBufferedBytes + messageBytes);
    expect(server.clients().find(({ view }) => view === 'restored')?.framesDropped).toBe(0);

    // Reading again, it is shown what is new.
    slow.socket.resume();
    while (!slow.frames.some((frame) => frame.seq > seq)) {
      stream.emit(noise, noise);
      await nextTurn();
    }
  });

  it('lets a client that answers pings too late lose frames, though the kernel would still take them', async () => {
    const stream = new SyntheticStream();
    const server = await serve(stream, { maxBehindMs: 50 });
    const client = new TestClient(`${server.url}/streams/gate`);
    await client.hello();
    client.socket.pause();
    while ((server.clients()[0]?.framesDropped ?? 0) === 0) {
      stream.emit();
      await nextTurn();
    }
    const late = stream.status().framesIn;
    client.socket.resume();
    while (!client.frames.some(({ seq }) => seq > late)) {
      stream.emit();
      await nextTurn();
    }
    expect(server.clients()[0]?.bufferedBytes).toBeLessThan(512 * 1024);
  });

  it('disconnects a client that has answered nothing for the heartbeat time', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
    const stream = new SyntheticStream();
    const server = await serve(stream, { heartbeatTimeoutMs: 5000 });
    const client = new TestClient(`${server.url}/streams/gate`);
    await client.hello();
    client.socket.pause();
    const closed = client.closed();
    vi.advanceTimersByTime(8000);
    client.socket.resume();
    expect(await closed).toBe(1006);
  });

  it('gives every frame back to its pool', async () => {
    const stream = new SyntheticStream();
    const server = await serve(stream);
    const client = new TestClient(`${server.url}/streams/gate?view=pair`);
    await client.hello();
    for (let burst = 0; burst < 20; burst += 1) {
      stream.emit();
    }
    // Of a burst the first is being encoded when the others come; of those only the newest is shown.
    await client.frame(20);
    expect(client.frames.map(({ seq }) => seq)).toEqual([1, 20]);
    stream.emit();
    client.socket.terminate();
    while (stream.leasesOut > 0 || server.clients().length > 0) {
      await nextTurn();
    }
    expect(stream.restored$.observed).toBe(true); // by the metrics, which keep nothing
  });
});
