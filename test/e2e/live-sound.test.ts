/** The sound of a live stream: from a real RTSP server into recordings, over a reconnect. */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { StreamStatus } from '../../src/frame/live-stream.js';
import { avOffsets, makeSyncClip, SYNC_FPS } from '../fixtures/av-sync.mjs';
import { audioTrackOf, packetTimesMs } from '../fixtures/ffprobe.js';
import { type RtspServer, type RtspServerOptions, startRtspServer } from '../fixtures/rtsp-server.js';
import { scratchFolder } from '../fixtures/video-files.js';
import { LimpidProcess } from './limpid-process.js';

const FRAME_MS = 1_000 / SYNC_FPS;
/** By how much sound and pictures may begin and end apart: a camera need not send the first of both at once. */
const EDGE_MS = 500;

const folder = scratchFolder('live-sound');
const clip = join(folder, 'clip.mkv');
const open: { dispose(): Promise<void> }[] = [];

beforeAll(() => makeSyncClip(clip, { seconds: 60, audio: ['-c:a', 'pcm_s16le'] }));

afterEach(async () => {
  await Promise.all(open.splice(0).map((resource) => resource.dispose()));
});

async function camera(options: RtspServerOptions): Promise<RtspServer> {
  // Key frames only: one who joins between two is shown a few pictures in wrong colours, which tell a wrong time.
  const server = await startRtspServer({ file: clip, width: 160, height: 96, fps: SYNC_FPS, gop: 1, ...options });
  open.push(server);
  return server;
}

/** Runs a stream from the camera that is recorded into a folder `name`. */
function record(uri: string, name: string, container: 'matroska' | 'mp4'): LimpidProcess {
  const config = join(folder, `${name}.yaml`);
  writeFileSync(
    config,
    `
server: { port: 0 }
streams:
  - name: ${name}
    source: ${uri}
    sourceOptions: { transport: tcp }
    model: bypass
    reconnect: { firstDelayMs: 100, maxDelayMs: 500, stableMs: 500 }
    record: { dir: ${join(folder, name)}, container: ${container}, preset: ultrafast }
`,
  );
  const limpid = new LimpidProcess(['run', config]);
  open.unshift(limpid);
  return limpid;
}

/** A file begun before the camera's first sound is followed by one with sound. */
const recordingsWithSound = (name: string) =>
  readdirSync(join(folder, name))
    .map((file) => join(folder, name, file))
    .filter((path) => audioTrackOf(path) !== null);

/** Resolves when a stream has sent so many packets of sound. */
async function heard(limpid: LimpidProcess, packets: number): Promise<void> {
  const url = await limpid.url();
  for (;;) {
    const { streams } = (await (await fetch(`${url}/api/streams`)).json()) as { streams: StreamStatus[] };
    if ((streams[0]?.audio?.packets ?? 0) >= packets) {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function expectInStep(path: string): void {
  const sound = packetTimesMs(path, 'a');
  const pictures = packetTimesMs(path, 'v');
  expect(sound.every((ptsMs, i) => i === 0 || ptsMs > (sound[i - 1] ?? 0))).toBe(true);
  expect(Math.abs((sound[0] ?? Number.NaN) - (pictures[0] ?? 0))).toBeLessThanOrEqual(EDGE_MS);
  expect(Math.abs((sound.at(-1) ?? Number.NaN) - (pictures.at(-1) ?? 0))).toBeLessThanOrEqual(EDGE_MS);
  for (const { atS, offsetMs } of avOffsets(path)) {
    expect(Math.abs(offsetMs), `click at ${atS} s`).toBeLessThan(FRAME_MS);
  }
}

describe('the sound of a live stream', { timeout: 120_000 }, () => {
  it('stays with the picture in the recording to less than a frame, also after the camera was gone', async () => {
    const first = await camera({ audio: 'alaw' });
    const limpid = record(first.uri, 'gate', 'matroska');
    await heard(limpid, 150);
    await first.kill();
    await limpid.line(/next attempt in/);
    await camera({ audio: 'alaw', port: first.port });
    await limpid.line(/is back/);
    await heard(limpid, 300);
    expect(await limpid.stop()).toBe(0);
    const recordings = recordingsWithSound('gate');
    expect(recordings.flatMap(avOffsets).length).toBeGreaterThanOrEqual(3);
    for (const path of recordings) {
      expect(audioTrackOf(path)).toEqual({ codec: 'pcm_alaw', rate: 8_000 });
      expectInStep(path);
    }
  });

  it('is AAC in a fragmented MP4, as the camera sent it', async () => {
    const { uri } = await camera({ audio: 'aac' });
    const limpid = record(uri, 'mp4', 'mp4');
    await heard(limpid, 200);
    expect(await limpid.stop()).toBe(0);
    const [path = ''] = recordingsWithSound('mp4');
    expect(audioTrackOf(path)).toEqual({ codec: 'aac', rate: 48_000 });
    expect(avOffsets(path).length).toBeGreaterThanOrEqual(2);
    expectInStep(path);
  });

  it('is left out with one sentence where the container does not take it', async () => {
    const { uri } = await camera({ audio: 'alaw' });
    const limpid = record(uri, 'refused', 'mp4');
    await limpid.line(/has no sound: A-law can't go there as it is, but AAC, MP3, Opus, AC-3 and ALAC can/);
    await heard(limpid, 50);
    expect(await limpid.stop()).toBe(0);
    expect(limpid.stderr.match(/has no sound/g)).toHaveLength(1);
    expect(recordingsWithSound('refused')).toEqual([]);
    expect(readdirSync(join(folder, 'refused'))).toHaveLength(1);
  });
});
