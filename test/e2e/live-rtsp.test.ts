import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { FrameMessage } from '../../src/wire/frame-message.js';
import { decodeAll, probeVideo } from '../fixtures/ffprobe.js';
import { type RtspServer, startRtspServer } from '../fixtures/rtsp-server.js';
import { scratchFolder } from '../fixtures/video-files.js';
import { TestClient } from '../server/test-client.js';
import { LimpidProcess } from './limpid-process.js';

const WIDTH = 160;
const HEIGHT = 96;
const FPS = 10;

const folder = scratchFolder('e2e');
const open: { dispose(): Promise<void> }[] = [];

async function startCamera(port?: number): Promise<RtspServer> {
  const server = await startRtspServer({
    width: WIDTH,
    height: HEIGHT,
    fps: FPS,
    ...(port === undefined ? {} : { port }),
  });
  open.push(server);
  return server;
}

function run(...args: string[]): LimpidProcess {
  const limpid = new LimpidProcess(['run', '--port', '0', ...args]);
  open.push(limpid);
  return limpid;
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((resource) => resource.dispose()));
});

function strictlyRising<T extends number | bigint>(values: readonly T[]): boolean {
  return values.every((value, i) => i === 0 || value > (values[i - 1] as T));
}

describe('limpid run --source rtsp://…', () => {
  it('restores a live stream to a WebSocket client and a recording, and finishes the recording at SIGINT', {
    timeout: 180_000,
  }, async () => {
    const camera = await startCamera();
    const limpid = run('--source', camera.uri, '--model', 'live-x4', '--record', folder);
    const client = new TestClient(`${await limpid.url()}/streams/live?view=restored&codec=jpeg`);
    // While the engine's worker opens, frames come upscaled and say so.
    const frames = await client.until(
      () => client.frames.filter(({ restored }) => restored).length >= 30 && client.frames,
    );

    // The hello before the first frame; an earlier one has no sizes while the camera is still being opened.
    const before = client.received.slice(0, client.received.indexOf(frames[0] as FrameMessage));
    expect(before.findLast((message) => 'type' in message && message.type === 'hello')).toMatchObject({
      protocol: 1,
      stream: 'live',
      width: 4 * WIDTH,
      height: 4 * HEIGHT,
      sourceWidth: WIDTH,
      sourceHeight: HEIGHT,
    });
    expect(strictlyRising(frames.map(({ seq }) => seq))).toBe(true);
    expect(strictlyRising(frames.map(({ ptsNs }) => ptsNs))).toBe(true);
    const opened = frames.findIndex(({ restored }) => restored);
    for (const [i, { width, height, sourceWidth, sourceHeight, restored }] of frames.entries()) {
      expect({ width, height, sourceWidth, sourceHeight }).toEqual({
        width: 4 * WIDTH,
        height: 4 * HEIGHT,
        sourceWidth: WIDTH,
        sourceHeight: HEIGHT,
      });
      expect(restored).toBe(i >= opened);
    }
    const picture = await sharp(frames.at(-1)?.payload).metadata();
    expect([picture.format, picture.width, picture.height]).toEqual(['jpeg', 4 * WIDTH, 4 * HEIGHT]);

    // Frames that came while the encoder was being started may be missing.
    const recording = () => join(folder, readdirSync(folder)[0] ?? '');
    await vi.waitFor(() => expect(probeVideo(recording()).ptsMs.length).toBeGreaterThanOrEqual(15), {
      timeout: 60_000,
      interval: 500,
    });
    expect(await limpid.stop('SIGINT')).toBe(0);

    expect(readdirSync(folder)).toHaveLength(1);
    const file = recording();
    const video = probeVideo(file);
    expect(video).toMatchObject({ codec: 'h264', width: 4 * WIDTH, height: 4 * HEIGHT, pixelFormat: 'yuv420p' });
    expect(video.ptsMs.length).toBeGreaterThanOrEqual(15);
    expect(strictlyRising(video.ptsMs)).toBe(true);
    // The source's spacing: every step is a whole number of its frames, to the millisecond of the container.
    const periodMs = 1_000 / FPS;
    for (const [i, ptsMs] of video.ptsMs.entries()) {
      const sinceFirstMs = ptsMs - (video.ptsMs[0] ?? 0);
      const offMs = sinceFirstMs - Math.round(sinceFirstMs / periodMs) * periodMs;
      expect(Math.abs(offMs), `frame ${i} at ${ptsMs} ms`).toBeLessThanOrEqual(2);
    }
    expect(decodeAll(file)).toEqual({ frames: video.ptsMs.length, complaints: '' });
  });

  it('stays up when the camera dies, says so in one line, and is back when the camera is', {
    timeout: 180_000,
  }, async () => {
    const camera = await startCamera();
    const limpid = run('--source', camera.uri, '--model', 'live-x4');
    const url = await limpid.url();
    const client = new TestClient(`${url}/streams/live?view=restored&codec=jpeg`);
    await client.until(() => client.frames.length >= 5);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);

    await camera.kill();
    await limpid.line(/next attempt in/);
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect(limpid.running).toBe(true);

    await startCamera(camera.port);
    await limpid.line(/is back/);
    const [first] = await client.until(() => {
      const later = client.frames.filter(({ session }) => session > 0);
      return later.length >= 5 && later;
    });
    expect(first?.discontinuity).toBe(true);
    expect(strictlyRising(client.frames.map(({ seq }) => seq))).toBe(true);
    expect(strictlyRising(client.frames.map(({ ptsNs }) => ptsNs))).toBe(true);
    const { streams } = (await (await fetch(`${url}/api/streams`)).json()) as {
      streams: { state: string; reconnects: number }[];
    };
    expect(streams).toMatchObject([{ state: 'live', reconnects: 1 }]);
    expect(await limpid.stop('SIGTERM')).toBe(0);
  });
});
