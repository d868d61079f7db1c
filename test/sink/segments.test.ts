/** Recordings in segments, what their tags say, and what follows a failure. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { hasElement } from '../../src/media/element.js';
import { openRecorder, type Recorder } from '../../src/sink/record.js';
import { decodeAll, probeVideo } from '../fixtures/ffprobe.js';
import { noiseFrame } from '../fixtures/frames.js';
import { mediaProcess, mediaProcessesOf, untilGone } from '../fixtures/processes.js';
import { scratchFolder } from '../fixtures/video-files.js';

const folder = scratchFolder('segments');
const CONTAINERS = ['matroska', 'mp4'] as const;
const hasNvenc = await hasElement('nvh264enc');
const SHA256 = '0123456789abcdef'.repeat(4);

afterEach(() => {
  expect(mediaProcessesOf()).toEqual([]);
});

/** Waits until a file plays without complaint, as only a finished one does. */
async function finished(path: string): Promise<string> {
  await vi.waitFor(() => expect(mediaProcessesOf()).toEqual([]), { timeout: 20_000 });
  expect(decodeAll(path).complaints).toBe('');
  return path;
}

async function write(recorder: Recorder, from: number, count: number): Promise<void> {
  for (let seq = from; seq < from + count; seq += 1) {
    await recorder.write(noiseFrame(seq, seq * 100));
  }
}

describe.each(CONTAINERS)('a %s recording in segments', (container) => {
  it('begins a file with a key frame at each limit of time and loses no frame', async () => {
    const recorder = openRecorder({ dir: folder, container, segmentSeconds: 1, name: `time-%Y%m%d` });
    await write(recorder, 0, 25);
    await recorder.close();
    expect(recorder.files.map((path) => basename(path).replace(/\d{8}/, 'day'))).toEqual(
      ['', '~2', '~3'].map((copy) => `time-day${copy}.${container === 'mp4' ? 'mp4' : 'mkv'}`),
    );
    const videos = recorder.files.map(probeVideo);
    expect(videos.map(({ ptsMs }) => ptsMs.map(Math.round))).toEqual(
      [10, 10, 5].map((count) => Array.from({ length: count }, (_, i) => i * 100)),
    );
    expect(videos.map(({ isKey }) => isKey[0])).toEqual([true, true, true]);
  });

  it('says what restored it', async () => {
    const models = [
      { name: 'live-x4', sha256: SHA256 },
      { name: 'bypass', sha256: null },
    ];
    const recorder = openRecorder(
      { dir: folder, container, name: 'tagged' },
      { provenance: { stream: 'gate', view: 'restored', models } },
    );
    await write(recorder, 0, 3);
    await recorder.close();
    const tags = execFileSync(
      'ffprobe',
      ['-v', 'error', '-show_entries', 'format_tags:stream_tags', recorder.files[0] ?? ''],
      { encoding: 'utf8' },
    );
    expect(tags).toMatch(/^TAG:TITLE=gate$/im);
    expect(tags).toMatch(
      new RegExp(
        `^TAG:COMMENTS?=limpid:restored/model:live-x4/weights-sha256:${SHA256}/model:bypass/weights-sha256:none$`,
        'im',
      ),
    );
  });
});

describe('a recorder', () => {
  it('begins a file at the limit of size', async () => {
    const recorder = openRecorder({ dir: folder, segmentMegabytes: 0.1, crf: 1, name: 'size' });
    // The size is looked at once a second of real time: noise fills more than the limit meanwhile.
    for (let seq = 0; recorder.files.length < 2 && seq < 2_000; seq += 1) {
      await recorder.write(noiseFrame(seq, seq * 100));
    }
    await recorder.close();
    expect(recorder.files).toHaveLength(2);
    expect(recorder.files.map((path) => decodeAll(path).complaints)).toEqual(['', '']);
  });

  it('begins another file after its media process died', async () => {
    const recorder = openRecorder({ dir: folder, name: 'again' });
    await write(recorder, 0, 3);
    const pid = mediaProcess();
    process.kill(pid, 'SIGKILL');
    await untilGone(pid);
    await expect(write(recorder, 3, 200)).rejects.toMatchObject({ code: 'ERR_SINK_WRITE' });
    await write(recorder, 300, 3);
    await recorder.close();
    expect(recorder.files).toHaveLength(2);
    expect(decodeAll(recorder.files[1] ?? '')).toEqual({ frames: 3, complaints: '' });
  });

  it.skipIf(process.getuid?.() !== 0)(
    'finishes its file when the disk is nearly full and goes on when there is room (a real one of 60 MB; needs root)',
    async () => {
      const dir = join(folder, 'small');
      mkdirSync(dir);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=60m', 'limpid-test', dir]);
      try {
        const recorder = openRecorder({ dir, name: 'room', minFreeMegabytes: 50, crf: 20 });
        const fill = async () => {
          for (let seq = 0; seq < 2_000; seq += 1) {
            await recorder.write(noiseFrame(seq, seq * 100));
          }
        };
        await expect(fill()).rejects.toThrowError(/^The disk of \S+small is full: \d+ MB are free of the 50 /);
        rmSync(await finished(recorder.files[0] ?? ''));
        await write(recorder, 0, 3);
        await recorder.close();
        expect(recorder.files).toHaveLength(2);
        expect(decodeAll(recorder.files[1] ?? '')).toEqual({ frames: 3, complaints: '' });
      } finally {
        execFileSync('umount', [dir]);
      }
    },
  );

  it('encodes H.265 by x265', async () => {
    const recorder = openRecorder({
      dir: folder,
      name: 'hevc',
      codec: 'h265',
      encoder: 'software',
      preset: 'ultrafast',
    });
    await write(recorder, 0, 5);
    await recorder.close();
    expect(probeVideo(recorder.files[0] ?? '')).toMatchObject({ codec: 'hevc', pixelFormat: 'yuv420p' });
    expect(decodeAll(recorder.files[0] ?? '')).toEqual({ frames: 5, complaints: '' });
  });

  it.skipIf(hasNvenc)('says when the encoder that is asked for is not there', async () => {
    const recorder = openRecorder({ dir: folder, name: 'absent', encoder: 'nvenc' });
    await expect(recorder.write(noiseFrame(0, 0))).rejects.toMatchObject({
      code: 'ERR_SINK_OPEN',
      message:
        "Expected GStreamer's nvh264enc for encoder nvenc but it is not there; it needs an NVIDIA card whose driver and " +
        'GStreamer plugin can encode',
    });
    await recorder.close();
    expect(readdirSync(folder)).not.toContain('absent.mkv');
  });
});
