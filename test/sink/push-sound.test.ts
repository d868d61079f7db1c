/** Sound beside the pictures of a push, as those hear it who play it from there. */
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { LimpidError } from '../../src/errors/limpid-error.js';
import type { AudioPacket } from '../../src/frame/audio.js';
import { openPush } from '../../src/sink/push.js';
import { openAudioTrack } from '../../src/source/audio-track.js';
import { AudioDelay } from '../../src/stream/audio-delay.js';
import { SinkQueue } from '../../src/stream/sink-queue.js';
import { avOffsets, makeSyncClip, SYNC_FPS, syncGrey } from '../fixtures/av-sync.mjs';
import { audioTrackOf, packetTimesMs } from '../fixtures/ffprobe.js';
import { testFrame } from '../fixtures/frames.js';
import { freeUdpPort } from '../fixtures/ports.js';
import { mediaProcessesOf } from '../fixtures/processes.js';
import { pulled, pulledCopy } from '../fixtures/pulled.js';
import { startRtspRelay } from '../fixtures/rtsp-server.js';
import { scratchFolder } from '../fixtures/video-files.js';

const FRAME_MS = 1_000 / SYNC_FPS;
const WIDTH = 160;
const HEIGHT = 96;
const PULLED_SECONDS = 3;

const folder = scratchFolder('push-sound');
const open: { dispose(): Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((resource) => resource.dispose()));
  expect(mediaProcessesOf()).toEqual([]);
});

/** Packets of a clip's sound, encoded with these options of ffmpeg's. */
async function soundOf(name: string, audio: readonly string[]): Promise<AudioPacket[]> {
  const clip = join(folder, `${name}.mkv`);
  makeSyncClip(clip, { seconds: 60, audio });
  const track = await openAudioTrack(clip);
  const packets: AudioPacket[] = [];
  for (let packet = await track?.next(); packet; packet = await track?.next()) {
    packets.push({ ...packet, caps: track?.caps ?? '', ptsNs: packet.ptsNs ?? 0n });
  }
  return packets;
}

/** Pushes pictures that tell their time, and the sound of the same time, at their own pace until it is disposed. */
function feed(uri: string, sound: readonly AudioPacket[]): LimpidError[] {
  const troubles: LimpidError[] = [];
  const onTrouble = (error: LimpidError) => void troubles.push(error);
  const push = openPush({ uri, preset: 'ultrafast', gopSeconds: 0.5 }, { onTrouble });
  const queue = new SinkQueue(push, {
    onDrop: () => undefined,
    onFailure: onTrouble,
    firstDelayMs: 100,
    maxDelayMs: 500,
  });
  const delay = new AudioDelay({ maxMs: 120_000 });
  for (const packet of sound) {
    delay.push(packet);
  }
  const startedMs = Date.now();
  let seq = 0;
  const timer = setInterval(() => {
    for (; seq * FRAME_MS <= Date.now() - startedMs; seq += 1) {
      const data = new Uint8Array(WIDTH * HEIGHT * 3).fill(syncGrey(seq));
      const frame = testFrame(seq, { width: WIDTH, height: HEIGHT, data });
      queue.push(frame, delay.take(frame.ptsNs));
    }
  }, FRAME_MS);
  open.unshift({
    dispose: async () => {
      clearInterval(timer);
      await queue.close();
    },
  });
  return troubles;
}

describe('the sound of a push', { timeout: 120_000 }, () => {
  it('is published on an RTSP relay as it came, and pulled from there', async () => {
    const sound = await soundOf('alaw', ['-c:a', 'pcm_alaw', '-ar', '8000']);
    const relay = await startRtspRelay({ inner: await freeUdpPort(2), audio: 'alaw' });
    open.push(relay);
    const troubles = feed(relay.uri, sound);
    const copy = join(folder, 'rtsp.mkv');
    expect(await pulledCopy(relay.relayedUri, copy, PULLED_SECONDS)).toBe(true);
    expect(audioTrackOf(copy)).toEqual({ codec: 'pcm_alaw', rate: 8_000 });
    expect(packetTimesMs(copy, 'a').length).toBeGreaterThan(50);
    // The relay stamps what it hands out with the time at which it came, so the clicks are there but their times are not.
    expect(avOffsets(copy).length).toBeGreaterThanOrEqual(1);
    expect(troubles).toEqual([]);
  });

  it('is AAC in MPEG-TS over UDP, in step with the pictures', async () => {
    const uri = `udp://127.0.0.1:${await freeUdpPort()}`;
    const troubles = feed(uri, await soundOf('aac', ['-c:a', 'aac']));
    const copy = join(folder, 'udp.mkv');
    expect(await pulledCopy(uri, copy, PULLED_SECONDS)).toBe(true);
    expect(audioTrackOf(copy)).toEqual({ codec: 'aac', rate: 48_000 });
    const offsets = avOffsets(copy);
    expect(offsets.length).toBeGreaterThanOrEqual(1);
    for (const { atS, offsetMs } of offsets) {
      expect(Math.abs(offsetMs), `click at ${atS} s`).toBeLessThan(FRAME_MS);
    }
    expect(troubles).toEqual([]);
  });

  it('is left out with a sentence where the protocol does not take it, and the pictures go on', async () => {
    const uri = `udp://127.0.0.1:${await freeUdpPort()}`;
    const troubles = feed(uri, await soundOf('flac', ['-c:a', 'flac']));
    expect(await pulled(uri)).toMatchObject({ codec: 'h264', frames: 10 });
    expect(troubles.map(({ message }) => message)).toEqual([
      `The push to ${uri} has no sound: FLAC can't go there as it is, but AAC, MP3, MP2, Opus and AC-3 can`,
    ]);
  });
});
