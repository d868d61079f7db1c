import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { avOffsets, makeSyncClip } from '../fixtures/av-sync.mjs';
import { audioTrackOf, decodeAll, probeVideo } from '../fixtures/ffprobe.js';
import { ffmpeg, scratchFolder } from '../fixtures/video-files.js';
import { LimpidProcess } from './limpid-process.js';

const folder = scratchFolder('file');

it('restores a file whole: every frame in the recording, at its own time, then ends by itself', {
  timeout: 120_000,
}, async () => {
  const clip = join(folder, 'clip.mkv');
  // A variable frame rate: 20 frames at 10 fps of which every third is left out.
  const filter = "select='mod(n,3)',setpts=PTS";
  ffmpeg(
    '-f',
    'lavfi',
    '-i',
    'testsrc2=size=64x48:rate=10',
    '-vf',
    filter,
    '-frames:v',
    '20',
    '-fps_mode',
    'vfr',
    '-c:v',
    'ffv1',
    clip,
  );
  const recordings = join(folder, 'recordings');
  const limpid = new LimpidProcess([
    'run',
    '--source',
    clip,
    '--model',
    'live-x4',
    '--record',
    recordings,
    '--port',
    '0',
  ]);
  const { code, stderr } = await limpid.end();
  expect(stderr).toMatch(/has ended/);
  expect(code).toBe(0);

  const source = probeVideo(clip);
  const restored = probeVideo(join(recordings, readdirSync(recordings)[0] ?? ''));
  expect(source.ptsMs).toHaveLength(20);
  expect(restored).toMatchObject({ width: 256, height: 192, pixelFormat: 'yuv420p' });
  expect(restored.ptsMs).toHaveLength(20);
  for (const [i, ptsMs] of restored.ptsMs.entries()) {
    expect(ptsMs).toBeCloseTo((source.ptsMs[i] ?? Number.NaN) - (source.ptsMs[0] ?? 0), 0);
  }
  expect(decodeAll(join(recordings, readdirSync(recordings)[0] ?? ''))).toEqual({ frames: 20, complaints: '' });
});

it('records a file with its sound, click for click in step with the pictures, at the pace at which it is read', {
  timeout: 120_000,
}, async () => {
  const clip = join(folder, 'sound.mp4');
  makeSyncClip(clip, { seconds: 8, width: 64, height: 48, audio: ['-c:a', 'aac'] });
  const recordings = join(folder, 'with-sound');
  const limpid = new LimpidProcess([
    'run',
    '--source',
    clip,
    '--model',
    'bypass',
    '--record',
    recordings,
    '--port',
    '0',
  ]);
  expect((await limpid.end()).code).toBe(0);
  const files = readdirSync(recordings);
  expect(files).toHaveLength(1);
  const recording = join(recordings, files[0] ?? '');
  expect(audioTrackOf(recording)).toEqual({ codec: 'aac', rate: 48_000 });
  const offsets = avOffsets(recording);
  expect(offsets).toHaveLength(8);
  for (const { atS, offsetMs } of offsets) {
    expect(Math.abs(offsetMs), `click at ${atS} s`).toBeLessThan(2);
  }
});
