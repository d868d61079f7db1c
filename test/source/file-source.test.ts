/** File sources: exact pixels, sizes, colours, pace, loops, holding back, and what is said about files that are none. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { lastValueFrom, tap } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { Gate } from '../../src/frame/gate.js';
import { openSource } from '../../src/source/open-source.js';
import { encodeWithFfmpeg, ffmpeg, noisePictures, scratchFolder, turnedCopy } from '../fixtures/video-files.js';
import { ptsStepsMs, watch } from './session.js';

const folder = scratchFolder('file-source');
const LOSSLESS = ['-c:v', 'ffv1', '-pix_fmt', 'bgr0'];
const FPS = 25;

/** Solid colours beside each other, left to right. */
const PATCHES = [
  [200, 30, 40],
  [30, 160, 60],
  [40, 60, 190],
  [180, 180, 60],
] as const;

function patches(width: number, height: number): Buffer {
  const picture = Buffer.alloc(width * height * 3);
  for (let at = 0; at < width * height; at += 1) {
    const patch = PATCHES[Math.floor(((at % width) * PATCHES.length) / width)] ?? PATCHES[0];
    picture.set(patch, at * 3);
  }
  return picture;
}

describe('a file source', () => {
  it.each([
    [320, 180],
    [322, 182],
    [161, 91],
    [3, 2],
  ])('gives exactly the pixels of a lossless file of %i×%i', async (width, height) => {
    const pictures = noisePictures(width, width, height, 7);
    const path = join(folder, `noise-${width}.mkv`);
    encodeWithFfmpeg(pictures, { width, height, fps: FPS }, LOSSLESS, path);
    const session = watch(openSource(path));
    expect((await session.ended).error).toBeNull();
    expect(session.frames.map((frame) => [frame.width, frame.height])).toEqual(Array(7).fill([width, height]));
    expect(Buffer.concat(session.frames.map(({ data }) => data)).equals(pictures)).toBe(true);
    expect(ptsStepsMs(session.frames)).toEqual(Array(6).fill(40));
  });

  it('times its decoder where it is asked to, for the same pictures', async () => {
    const path = join(folder, 'timed.mp4');
    const [width, height, count] = [160, 90, 40];
    encodeWithFfmpeg(noisePictures(3, width, height, count), { width, height, fps: FPS }, ['-c:v', 'libx264'], path);
    const pictures = async (timeDecoder: boolean, onDecoded: (elapsedMs: number) => void) => {
      const data: Uint8Array[] = [];
      await lastValueFrom(
        openSource(path, { timeDecoder })
          .session$({ onDecoded })
          .pipe(tap((frame) => data.push(frame.data.slice()))),
      );
      return Buffer.concat(data);
    };
    const times: number[] = [];
    const timed = await pictures(true, (ms) => times.push(ms));
    const plain = await pictures(false, () => expect.unreachable());
    expect(timed.equals(plain)).toBe(true);
    expect(times).toHaveLength(count);
    expect(times.every((ms) => ms > 0 && ms < 60_000)).toBe(true);
  });

  it('opens a file: URI and a path with spaces, quotes and exclamation marks', async () => {
    const pictures = noisePictures(5, 16, 16, 3);
    const path = join(folder, `it's "a" ! filesink location=x \\ {clip} é.mkv`);
    encodeWithFfmpeg(pictures, { width: 16, height: 16, fps: FPS }, LOSSLESS, path);
    for (const uri of [path, pathToFileURL(path).href]) {
      const session = watch(openSource(uri));
      expect((await session.ended).error).toBeNull();
      expect(session.frames).toHaveLength(3);
    }
  });

  it.each([
    { name: 'untagged 180p is BT.601', width: 320, height: 180, matrix: 'bt601', tags: [] },
    { name: 'untagged 720p is BT.709', width: 1280, height: 720, matrix: 'bt709', tags: [] },
    {
      name: 'tagged BT.709 at 180p is BT.709',
      width: 320,
      height: 180,
      matrix: 'bt709',
      tags: ['-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709'],
    },
  ])('reads colours right: $name', async ({ name, width, height, matrix, tags }) => {
    const path = join(folder, `${name.replaceAll(' ', '-')}.mkv`);
    const filter = `scale=out_color_matrix=${matrix}:out_range=tv,format=yuv420p`;
    // The raw elementary stream drops what the container would say: only the H.264 tags count.
    encodeWithFfmpeg(
      patches(width, height),
      { width, height, fps: FPS },
      ['-vf', filter, '-c:v', 'libx264', '-qp', '0', ...tags],
      path,
    );
    const session = watch(openSource(path));
    expect((await session.ended).error).toBeNull();
    const data = session.frames[0]?.data ?? new Uint8Array();
    PATCHES.forEach((patch, index) => {
      const column = Math.floor(((index + 0.5) * width) / PATCHES.length);
      const at = ((height >> 1) * width + column) * 3;
      patch.forEach((value, channel) => {
        // Limited-range 8-bit YUV, rounded twice, is within a few levels; a wrong matrix is off by ten and more.
        expect(Math.abs((data[at + channel] ?? -99) - value)).toBeLessThanOrEqual(5);
      });
    });
  });

  it('follows a change of size in the middle of a file', async () => {
    const parts = [
      [64, 48],
      [96, 32],
    ].map(([width = 0, height = 0]) => {
      const path = join(folder, `part-${width}.h264`);
      const size = { width, height, fps: FPS };
      encodeWithFfmpeg(noisePictures(9, width, height, 5), size, ['-c:v', 'libx264', '-pix_fmt', 'yuv420p'], path);
      return readFileSync(path);
    });
    const path = join(folder, 'resized.h264');
    writeFileSync(path, Buffer.concat(parts));
    const session = watch(openSource(path));
    expect((await session.ended).error).toBeNull();
    expect(session.frames.map(({ width, height }) => `${width}x${height}`)).toEqual([
      ...Array(5).fill('64x48'),
      ...Array(5).fill('96x32'),
    ]);
    for (const { width, height, data } of session.frames) {
      expect(data.byteLength).toBe(width * height * 3);
    }
  });

  it('turns what was recorded on its side', async () => {
    const upright = join(folder, 'upright.mp4');
    const turned = join(folder, 'turned.mp4');
    ffmpeg('-f', 'lavfi', '-i', 'testsrc2=s=64x48:r=25:d=0.2', '-pix_fmt', 'yuv420p', upright);
    turnedCopy(upright, '90', turned);
    const session = watch(openSource(turned));
    expect((await session.ended).error).toBeNull();
    expect(session.frames[0]).toMatchObject({ width: 48, height: 64 });
  });

  it('reads no further while its gate is closed, and all of the file once it opens', async () => {
    const count = 40;
    const path = join(folder, 'gated.mkv');
    encodeWithFfmpeg(noisePictures(3, 320, 180, count), { width: 320, height: 180, fps: FPS }, LOSSLESS, path);
    const gate = new Gate();
    // The gate closes after every frame and opens when the reader has had time to get more: none may come in between.
    let late = 0;
    let inHand = 0;
    const { setTimeout: wait } = globalThis;
    // The time of the stall limit is the test's: a slow machine is no stall.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const session = openSource(path, { stallTimeoutMs: 200 }).session$({ gate });
      const frames = await new Promise<number>((resolve, reject) => {
        let seen = 0;
        session.subscribe({
          next: () => {
            seen += 1;
            inHand += 1;
            late += inHand > 1 ? 1 : 0;
            gate.set(false);
            wait(() => {
              if (seen === 3) {
                // Longer than the stall limit: a reader that takes its time is no stall.
                vi.advanceTimersByTime(500);
              }
              setImmediate(() => {
                inHand = 0;
                gate.set(true);
              });
            }, 5);
          },
          error: reject,
          complete: () => resolve(seen),
        });
      });
      expect(frames).toBe(count);
      expect(late).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it('plays live at its own pace and then completes', async () => {
    const path = join(folder, 'paced.mkv');
    encodeWithFfmpeg(noisePictures(3, 64, 48, 20), { width: 64, height: 48, fps: FPS }, LOSSLESS, path);
    const source = openSource(path, { live: true });
    expect(source.live).toBe(true);
    const subscribedMs = Date.now();
    const session = watch(source);
    expect((await session.ended).error).toBeNull();
    // However late the machine is, no picture may come before its time.
    for (const { ptsNs, captureTimeMs } of session.frames) {
      expect(captureTimeMs - subscribedMs).toBeGreaterThanOrEqual(Number(ptsNs) / 1e6);
    }
    expect(session.frames.at(-1)?.ptsNs).toBe(760_000_000n);
  });

  it('loops: PTS jump back to the beginning and the pictures come again', async () => {
    const pictures = noisePictures(4, 64, 48, 5);
    const path = join(folder, 'looped.mkv');
    encodeWithFfmpeg(pictures, { width: 64, height: 48, fps: FPS }, LOSSLESS, path);
    const session = watch(openSource(path, { live: true, loop: true }));
    await session.framesReach(22);
    session.unsubscribe();
    expect(ptsStepsMs(session.frames).filter((step) => step < 0).length).toBeGreaterThanOrEqual(3);
    const bytes = 64 * 48 * 3;
    for (const { ptsNs, data } of session.frames) {
      const index = Number(ptsNs / 40_000_000n);
      expect(Buffer.from(data).equals(pictures.subarray(index * bytes, (index + 1) * bytes))).toBe(true);
    }
  });

  it('gives the picture of a file that has sound as well', async () => {
    const path = join(folder, 'sound.mp4');
    const lavfi = ['-f', 'lavfi', '-i'];
    ffmpeg(...lavfi, 'testsrc2=s=320x180:r=25:d=1', ...lavfi, 'sine=d=1', '-pix_fmt', 'yuv420p', path);
    const session = watch(openSource(path));
    expect((await session.ended).error).toBeNull();
    expect(session.frames).toHaveLength(25);
  });
});

describe('a file that can not be played', () => {
  it.each([
    ['nothing there', 'missing.mkv', 'nothing is there'],
    ['a folder', '.', 'that is not a file'],
  ])('is named before a process starts: %s', (_case, name, found) => {
    const path = join(folder, name);
    expect(() => openSource(path)).toThrowError(
      expect.objectContaining({
        code: 'ERR_INPUT_FILE',
        message: `Expected a video file at ${path} but ${found}; check the path`,
      }),
    );
  });

  it.each([
    ['text', () => Buffer.from('hello, hello, hello'), 'is not a video that GStreamer can read, or it is damaged'],
    ['empty', () => Buffer.alloc(0), 'is not a video that GStreamer can read, or it is damaged'],
    [
      'only sound',
      () => {
        const path = join(folder, 'tone.mp4');
        ffmpeg('-f', 'lavfi', '-i', 'sine=d=1', path);
        return readFileSync(path);
      },
      'has no video stream that can be decoded to pictures',
    ],
  ])('is refused in one sentence: %s', async (name, bytes, sentence) => {
    const path = join(folder, `bad ${name}`);
    writeFileSync(path, bytes());
    const { error } = await watch(openSource(path)).ended;
    expect(error?.code).toBe('ERR_SOURCE_OPEN');
    expect(error?.message).toBe(`${path} ${sentence}`);
  });
});
