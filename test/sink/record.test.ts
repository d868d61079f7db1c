/** Recordings, read back with ffprobe and ffmpeg. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Frame } from '../../src/frame/frame.js';
import { openRecorder, type Recorder } from '../../src/sink/record.js';
import { recordOptionsSchema } from '../../src/sink/record-options.js';
import { openRecordingFile } from '../../src/sink/recording-file.js';
import { Storage } from '../../src/sink/storage.js';
import { decodeAll, decodeFrame, framesFrom, probeVideo } from '../fixtures/ffprobe.js';
import { mediaProcess, mediaProcessesOf, untilGone } from '../fixtures/processes.js';
import { scratchFolder } from '../fixtures/video-files.js';

const folder = scratchFolder('record');
const CONTAINERS = ['matroska', 'mp4'] as const;
const NS_PER_MS = 1_000_000n;

afterEach(() => {
  expect(mediaProcessesOf()).toEqual([]);
});

/** A picture with a gradient and a bar that moves with `seq`. */
function frameOf(seq: number, ptsMs: number, width = 320, height = 180): Frame {
  const data = new Uint8Array(width * height * 3);
  for (let row = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1) {
      const at = (row * width + column) * 3;
      const bar = Math.abs(column - ((seq * 7) % width)) < 9;
      data[at] = bar ? 240 : (column * 200) / width;
      data[at + 1] = bar ? 240 : (row * 200) / height;
      data[at + 2] = 90;
    }
  }
  const ptsNs = BigInt(Math.round(ptsMs * 1_000)) * 1_000n;
  return { seq, session: 0, ptsNs, width, height, format: 'rgb8', data, captureTimeMs: 0, discontinuity: seq === 0 };
}

const COLOURS = [
  [200, 30, 40],
  [30, 160, 60],
  [40, 60, 190],
] as const;

/** Three solid colours beside each other. */
function patches(width: number, height: number): Frame {
  const data = new Uint8Array(width * height * 3);
  for (let at = 0; at < width * height; at += 1) {
    data.set(COLOURS[Math.floor(((at % width) * 3) / width)] ?? COLOURS[0], at * 3);
  }
  return { ...frameOf(0, 0, 2, 2), width, height, data };
}

async function record(recorder: Recorder, frames: readonly Frame[]): Promise<string> {
  for (const frame of frames) {
    await recorder.write(frame);
  }
  await recorder.close();
  return recorder.files.at(-1) ?? '';
}

describe.each(CONTAINERS)('a %s recording', (container) => {
  it('keeps size, frames and a variable rate with a half-second gap, counted from 0', async () => {
    // 25 fps, every third frame missing, half a second of nothing, then 12 fps; the stream clock is already at 7 s.
    const ptsMs: number[] = [];
    for (let at = 0, step = 0; ptsMs.length < 75; step += 1) {
      at += step === 40 ? 500 : step > 50 ? 83.333 : step % 3 === 2 ? 80 : 40;
      ptsMs.push(7_000 + at);
    }
    const frames = ptsMs.map((at, seq) => frameOf(seq, at));
    const path = await record(openRecorder({ dir: folder, container, name: `vfr-${container}` }), frames);
    const video = probeVideo(path);
    expect(video).toMatchObject({ codec: 'h264', width: 320, height: 180, pixelFormat: 'yuv420p', colorRange: 'tv' });
    expect(video.ptsMs).toHaveLength(75);
    video.ptsMs.forEach((at, index) => {
      // Matroska counts in milliseconds.
      expect(Math.abs(at - ((ptsMs[index] ?? 0) - (ptsMs[0] ?? 0)))).toBeLessThan(1);
    });
    expect(decodeAll(path)).toEqual({ frames: 75, complaints: '' });
  });

  it.each([
    ['as expected', 10, { framesPerSecond: 10 }],
    ['that nobody told', 10, {}],
    ['of an overloaded stream', 1, {}],
  ])('has a key frame every gopSeconds of a rate %s, and players find any place', async (_what, rate, told) => {
    const stepMs = 1000 / rate;
    const count = 4 * rate + 20;
    const frames = Array.from({ length: count }, (_, seq) => frameOf(seq, seq * stepMs));
    const recorder = openRecorder({ dir: folder, container, ...told, gopSeconds: 2, name: `gop-${rate}` });
    const path = await record(recorder, frames);
    const { isKey } = probeVideo(path);
    const keys = isKey.flatMap((key, index) => (key ? [index] : []));
    expect(keys[0]).toBe(0);
    // Written without a pause, some pictures are on their way to the encoder when it is asked: keys may shift, two may be one.
    expect(keys.length).toBeGreaterThan((0.3 * (count / rate)) / 2);
    expect(keys.length).toBeLessThan(1.5 * (count / rate));
    for (const from of [0, 1, Math.floor(count / 2), count - 1]) {
      expect(framesFrom(path, (from * stepMs) / 1000)).toBe(count - from);
    }
  });

  it.each([
    { width: 320, height: 180, colorSpace: 'smpte170m' },
    { width: 1280, height: 720, colorSpace: 'bt709' },
  ])('converts and tags colours alike at $width×$height', async ({ width, height, colorSpace }) => {
    const recorder = openRecorder({ dir: folder, container, crf: 4, name: `colour-${height}` });
    const path = await record(recorder, [patches(width, height)]);
    expect(probeVideo(path).colorSpace).toBe(colorSpace);
    const decoded = decodeFrame(path, 0);
    COLOURS.forEach((colour, index) => {
      const at = ((height >> 1) * width + Math.floor(((index + 0.5) * width) / 3)) * 3;
      // Limited-range YUV and CRF 4 cost a few levels; a wrong matrix ten and more.
      colour.forEach((value, channel) => {
        expect(Math.abs((decoded[at + channel] ?? -99) - value)).toBeLessThanOrEqual(5);
      });
    });
  });

  it('takes odd sizes, leaving out the odd column and row', async () => {
    const frames = Array.from({ length: 5 }, (_, seq) => frameOf(seq, seq * 40, 161, 91));
    const path = await record(openRecorder({ dir: folder, container, crf: 0, name: 'odd' }), frames);
    expect(probeVideo(path)).toMatchObject({ width: 160, height: 90, pixelFormat: 'yuv420p' });
    // Rows were not sheared by their padding: the picture's corners have the gradient's colours.
    const decoded = decodeFrame(path, 0);
    const bottomRight = (89 * 160 + 158) * 3;
    expect(Math.abs((decoded[bottomRight] ?? 0) - (158 * 200) / 161)).toBeLessThan(8);
    expect(Math.abs((decoded[bottomRight + 1] ?? 0) - (89 * 200) / 91)).toBeLessThan(8);
  });

  it('finishes the file and begins another when the size changes', async () => {
    const recorder = openRecorder({ dir: folder, container, name: 'resized' });
    const sizes = [
      [320, 180],
      [160, 120],
      [320, 180],
    ] as const;
    const frames = sizes.flatMap(([width, height], part) =>
      Array.from({ length: 6 }, (_, index) => frameOf(index, (part * 6 + index) * 40, width, height)),
    );
    await record(recorder, frames);
    expect(new Set(recorder.files).size).toBe(3);
    recorder.files.forEach((path, part) => {
      const video = probeVideo(path);
      expect([video.width, video.height]).toEqual(sizes[part]);
      expect(video.ptsMs.map(Math.round)).toEqual([0, 40, 80, 120, 160, 200]);
    });
  });
});

describe('a recording that is cut off', () => {
  const FRAMES = 100;

  it.each([
    // Matroska is written frame by frame, MP4 in fragments of a second.
    { container: 'matroska', leastFrames: 95 },
    { container: 'mp4', leastFrames: 70 },
  ] as const)(
    '$container plays up to the last second when its process is killed',
    async ({ container, leastFrames }) => {
      const recorder = openRecorder({ dir: folder, container, name: 'killed' });
      for (let seq = 0; seq < FRAMES; seq += 1) {
        await recorder.write(frameOf(seq, seq * 40));
      }
      const [path = ''] = recorder.files;
      // The encoder may lag behind: wait for what must be on disk without the file being finished.
      await vi.waitFor(() => expect(probeVideo(path).ptsMs.length).toBeGreaterThanOrEqual(leastFrames), {
        timeout: 20_000,
        interval: 100,
      });
      const pid = mediaProcess();
      process.kill(pid, 'SIGKILL');
      await untilGone(pid);
      expect(decodeAll(path).frames).toBeGreaterThanOrEqual(leastFrames);
      await expect(recorder.write(frameOf(FRAMES, FRAMES * 40))).rejects.toMatchObject({
        code: 'ERR_SINK_WRITE',
        message: `The recording ${path} ended: its media process died (SIGKILL); "limpid doctor" checks GStreamer`,
      });
    },
  );

  it('says that the disk is full', async () => {
    const file = await openRecordingFile({
      path: '/dev/full',
      first: frameOf(0, 0),
      options: recordOptionsSchema.parse({ dir: '/dev' }),
      provenance: { stream: 'full', view: 'restored', models: [] },
      sound: { launch: '' },
    });
    const writeOn = async () => {
      for (let seq = 0; seq < 1_000; seq += 1) {
        await file.write(frameOf(seq, seq * 40));
      }
    };
    const expected = {
      code: 'ERR_SINK_WRITE',
      message: 'The recording /dev/full ended because the disk is full; free some space',
    };
    await expect(writeOn()).rejects.toMatchObject(expected);
    await expect(file.close()).rejects.toMatchObject(expected);
    expect(existsSync('/dev/full')).toBe(true);
  });

  it.each([
    ['pictures', 40],
    ['a key frame', 5_000],
  ])('gives up an encoder that takes nothing more: %s', async (_what, apartMs) => {
    const recorder = openRecorder({ dir: folder, name: 'frozen', writeTimeoutMs: 300 });
    await recorder.write(frameOf(0, 0));
    const pid = mediaProcess();
    process.kill(pid, 'SIGSTOP');
    const writeOn = async () => {
      for (let seq = 1; seq < 100; seq += 1) {
        await recorder.write(frameOf(seq, seq * apartMs));
      }
    };
    await expect(writeOn()).rejects.toMatchObject({
      code: 'ERR_SINK_WRITE',
      message: expect.stringContaining('took no frame for 300 ms and was given up; check the disk'),
    });
    await untilGone(pid);
  });

  it('cuts a file that can not be finished in time', async () => {
    const recorder = openRecorder({ dir: folder, name: 'unfinished', finishTimeoutMs: 300 });
    await recorder.write(frameOf(0, 0));
    const pid = mediaProcess();
    process.kill(pid, 'SIGSTOP');
    await expect(recorder.close()).rejects.toMatchObject({
      code: 'ERR_SINK_WRITE',
      message: expect.stringContaining('was not finished within 300 ms and was cut'),
    });
    await untilGone(pid);
  });
});

describe('a recorder', () => {
  it('creates nothing before its first frame, and close is idempotent', async () => {
    const dir = join(folder, 'untouched');
    const recorder = openRecorder({ dir });
    await recorder.close();
    await recorder.close();
    expect(existsSync(dir)).toBe(false);
    await expect(recorder.write(frameOf(0, 0))).rejects.toMatchObject({ code: 'ERR_SINK_WRITE' });
  });

  it('never overwrites: a second in which a name is taken gets a number', () => {
    const options = recordOptionsSchema.parse({ dir: join(folder, 'names') });
    const storage = new Storage(options, 'front door/1', '.mkv');
    const now = new Date(2026, 10, 5, 9, 8, 7);
    expect([1, 2, 3].map(() => basename(storage.reserve(now)))).toEqual([
      'front-door-1-20261105-090807.mkv',
      'front-door-1-20261105-090807~2.mkv',
      'front-door-1-20261105-090807~3.mkv',
    ]);
  });

  it('writes to one path when asked, and does not overwrite there either', async () => {
    const path = join(folder, 'one.mkv');
    for (const expected of [path, join(folder, 'one~2.mkv')]) {
      const recorder = openRecorder({ path });
      expect(recorder.label).toBe(`recording to ${path}`);
      expect(await record(recorder, [frameOf(0, 0), frameOf(1, 40)])).toBe(expected);
      expect(decodeAll(expected).frames).toBe(2);
    }
  });

  it('says when its folder can not be one', async () => {
    const file = join(folder, 'a-file');
    writeFileSync(file, '');
    const dir = join(file, 'inside');
    const recorder = openRecorder({ dir });
    const expected = { code: 'ERR_SINK_OPEN', message: expect.stringContaining(`recordings at ${dir} but received`) };
    await expect(recorder.write(frameOf(0, 0))).rejects.toMatchObject(expected);
    await expect(recorder.write(frameOf(1, 40))).rejects.toMatchObject(expected);
    await recorder.close();
  });

  // Linux's /proc has folders in which files can be named but not made.
  it('leaves no file behind when nothing could be recorded', async () => {
    await expect(openRecorder({ dir: '/proc/self/limpid' }).write(frameOf(0, 0))).rejects.toMatchObject({
      code: 'ERR_SINK_OPEN',
    });
    expect(readdirSync('/proc/self')).not.toContain('limpid');
  });

  it.each([
    [{ dir: '' }, /dir/],
    [{ dir: 'x', crf: 99 }, /crf/],
    [{ dir: 'x', colour: 'blue' }, /colour/],
  ])('refuses the options %j', (options, message) => {
    expect(() => openRecorder(options)).toThrowError(expect.objectContaining({ code: 'ERR_CONFIG' }));
    expect(() => openRecorder(options)).toThrowError(message);
  });

  it('keeps PTS of the stream to the nanosecond scale of its own start', async () => {
    const startMs = 123_456.789;
    const frames = [0, 33.366, 66.733].map((at, seq) => frameOf(seq, startMs + at));
    const recorder = openRecorder({ dir: folder, container: 'mp4', name: 'exact' });
    const { ptsMs } = probeVideo(await record(recorder, frames));
    const first = frames[0]?.ptsNs ?? 0n;
    ptsMs.forEach((at, index) => {
      const expected = Number(((frames[index]?.ptsNs ?? 0n) - first) / 1_000n) / 1_000;
      // MP4 counts in 1/90 000 s.
      expect(Math.abs(at - expected)).toBeLessThan(0.02);
    });
    expect(Number(first / NS_PER_MS)).toBe(123_456);
  });
});
