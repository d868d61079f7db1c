/** `restore` of videos whose pictures are not shown as they are stored: turned ones, and pixels that are not square. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { openEngine } from '../../src/engine/open-engine.js';
import { LimpidError } from '../../src/errors/limpid-error.js';
import { readPng } from '../../src/job/read-png.js';
import { restore } from '../../src/job/restore.js';
import type { RestoreOptions } from '../../src/job/restore-options.js';
import { decodeFrame, framesFrom } from '../fixtures/ffprobe.js';
import { encodeWithFfmpeg, ffmpeg, scratchFolder, turnedCopy } from '../fixtures/video-files.js';

const folder = scratchFolder('restore-video');
const plain = join(folder, 'plain.mp4');
const STORED = { width: 48, height: 32 };
const QUARTERS = [
  [200, 30, 30],
  [30, 200, 30],
  [30, 30, 200],
  [200, 200, 30],
] as const;

beforeAll(() => {
  const { width, height } = STORED;
  const picture = Buffer.from(
    Array.from({ length: width * height }, (_, i) => {
      const right = i % width >= width / 2 ? 1 : 0;
      const below = i >= (width * height) / 2 ? 2 : 0;
      return QUARTERS[right + below] ?? [];
    }).flat(),
  );
  const clip = Buffer.concat(Array.from({ length: 5 }, () => picture));
  encodeWithFfmpeg(clip, { ...STORED, fps: 25 }, ['-c:v', 'libx264', '-crf', '4', '-pix_fmt', 'yuv420p'], plain);
});

const run = (options: Partial<RestoreOptions> & { readonly input: string; readonly output: string }) =>
  restore(
    { model: 'bypass', ...options, output: join(folder, options.output) },
    { openEngine: (name) => openEngine(name), weightsOf: async () => null },
  );

/** The middle of each quarter of a picture: left and right above, left and right below. */
function quarters(data: Uint8Array, { width, height }: { readonly width: number; readonly height: number }) {
  const at = (x: number, y: number) => [...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)];
  return [0, 1, 2, 3].map((i) =>
    at(Math.floor(((1 + 2 * (i % 2)) * width) / 4), Math.floor(((1 + 2 * (i >> 1)) * height) / 4)),
  );
}

/** Within what 4:2:0 and a conversion of colours leave. */
function expectColours(received: readonly (readonly number[])[], expected: readonly (readonly number[])[]): void {
  const differences = received.flatMap((colour, i) =>
    colour.map((value, c) => Math.abs(value - (expected[i]?.[c] ?? 999))),
  );
  expect(Math.max(...differences)).toBeLessThan(12);
}

function probe(path: string): Record<string, unknown> {
  const entries = 'stream=width,height,sample_aspect_ratio:stream_side_data=rotation';
  const args = ['-v', 'error', '-select_streams', 'v', '-show_entries', entries, '-of', 'json', path];
  return JSON.parse(execFileSync('ffprobe', args, { encoding: 'utf8' })).streams[0];
}

/** A clip's size, and that its pixels are `aspect` times as wide as high: Matroska keeps a whole number of pixels shown. */
function expectShown(path: string, size: { readonly width: number; readonly height: number }, aspect: number): void {
  const { sample_aspect_ratio, ...rest } = probe(path);
  const [width = 0, height = 1] = String(sample_aspect_ratio).split(':').map(Number);
  expect(rest).toEqual(size);
  expect(Math.abs((width / height - aspect) * size.width)).toBeLessThan(1);
}

describe('a video that is turned when it is shown', () => {
  it.each([
    ['90', { width: 32, height: 48 }],
    ['270', { width: 32, height: 48 }],
  ] as const)('by %s° comes out upright, as a clip and as pictures', async (degrees, shown) => {
    const input = join(folder, `turned-${degrees}.mp4`);
    turnedCopy(plain, degrees, input);
    // ffmpeg turns the pictures that it decodes.
    const expected = quarters(decodeFrame(input, 2), shown);
    expect(expected).not.toEqual(quarters(decodeFrame(plain, 2), STORED));
    const size = { width: 4 * shown.width, height: 4 * shown.height };
    for (const output of [`turned-${degrees}.mkv`, `turned-${degrees}-out.mp4`]) {
      await run({ input, output, crf: 4 });
      const path = join(folder, output);
      expect(probe(path)).toMatchObject(size);
      expect(probe(path)).not.toHaveProperty('side_data_list');
      expectColours(quarters(decodeFrame(path, 2), size), expected);
    }
    await run({ input, output: `frames-${degrees}/` });
    const { data, width, height } = await readPng(join(folder, `frames-${degrees}`, '00000002.png'));
    expect({ width, height }).toEqual(size);
    expectColours(quarters(data, size), expected);
  });
});

describe('a restored clip', () => {
  it.each(['mkv', 'mp4'])('is shown whole, from any of its pictures on, in .%s', async (extension) => {
    const input = join(folder, `whole.${extension}`);
    ffmpeg('-f', 'lavfi', '-i', 'testsrc2=size=64x48:rate=5', '-frames:v', '40', '-c:v', 'libx264', '-g', '10', input);
    await run({ input, output: `whole-out.${extension}` });
    const path = join(folder, `whole-out.${extension}`);
    for (const from of [0, 1, 20, 39]) {
      expect(framesFrom(path, from / 5)).toBe(40 - from);
    }
  });

  it.each(['mkv', 'mp4'])('may be one picture, in .%s', async (extension) => {
    const input = join(folder, `one.${extension}`);
    ffmpeg('-i', plain, '-frames:v', '1', '-c:v', 'libx264', input);
    await run({ input, output: `one-out.${extension}` });
    expect(framesFrom(join(folder, `one-out.${extension}`), 0)).toBe(1);
  });
});

describe('a video with pixels that are not square', () => {
  it.each(['mkv', 'mp4'])('keeps their shape in .%s', async (extension) => {
    const input = join(folder, `wide.${extension}`);
    ffmpeg('-i', plain, '-vf', 'setsar=16/11', '-c:v', 'libx264', '-crf', '4', input);
    await run({ input, output: `wide-out.${extension}` });
    expect(probe(input)).toMatchObject({ ...STORED, sample_aspect_ratio: '16:11' });
    expectShown(join(folder, `wide-out.${extension}`), { width: 192, height: 128 }, 16 / 11);
  });

  it('keeps their shape in a comparison, whose two sides have it', async () => {
    const input = join(folder, 'wide.mkv');
    await run({ input, output: 'wide-compare.mkv', view: 'compare' });
    expectShown(join(folder, 'wide-compare.mkv'), { width: 386, height: 128 }, 16 / 11);
  });

  it('is turned with its pixels', async () => {
    const input = join(folder, 'wide-90.mp4');
    turnedCopy(join(folder, 'wide.mp4'), '90', input);
    await run({ input, output: 'wide-turned.mp4' });
    expectShown(join(folder, 'wide-turned.mp4'), { width: 128, height: 192 }, 11 / 16);
  });
});

describe('an old clip of the name of the output', () => {
  const old = (name: string): string => {
    const path = join(folder, name);
    writeFileSync(path, 'mine');
    return path;
  };
  const leftovers = () => readdirSync(folder).filter((name) => name.startsWith('.'));

  it('stays where the audio is refused', async () => {
    const input = join(folder, 'vorbis.mkv');
    const sound = ['-f', 'lavfi', '-i', 'sine', '-t', '0.2', '-ac', '2', '-c:a', 'libvorbis'];
    ffmpeg('-i', plain, ...sound, '-c:v', 'copy', input);
    const path = old('vorbis.mp4');
    await expect(run({ input, output: 'vorbis.mp4', overwrite: true })).rejects.toThrow(
      "Limpid can't keep Vorbis audio",
    );
    expect(readFileSync(path, 'utf8')).toBe('mine');
    expect(leftovers()).toEqual([]);
  });

  it('stays where the input is no video', async () => {
    const input = join(folder, 'notes.mkv');
    writeFileSync(input, 'these are notes, not a film');
    const path = old('notes-out.mkv');
    for (const audio of [true, false]) {
      await expect(run({ input, output: 'notes-out.mkv', overwrite: true, audio })).rejects.toThrow('is not a video');
      expect(readFileSync(path, 'utf8')).toBe('mine');
      expect(leftovers()).toEqual([]);
    }
  });

  it.each(['mkv', 'mp4'])('is replaced by the new one, .%s', async (extension) => {
    const path = old(`replaced.${extension}`);
    await run({ input: plain, output: `replaced.${extension}`, overwrite: true });
    expect(framesFrom(path, 0)).toBe(5);
    expect(leftovers()).toEqual([]);
  });
});

it('refuses pictures of a video of which one is a link to it', async () => {
  await run({ input: plain, output: 'links/' });
  const link = join(folder, 'links', '00000007.png');
  symlinkSync(plain, link);
  await expect(run({ input: plain, output: 'links', overwrite: true })).rejects.toThrow(
    new LimpidError(
      'ERR_USAGE',
      `Expected an output other than the files of the input ${plain} but ${link} is one of them; choose another`,
    ),
  );
});

it('refuses a rate for a video', async () => {
  await expect(run({ input: plain, output: 'rate.mkv', fps: 30 })).rejects.toThrow(
    new LimpidError('ERR_USAGE', `Expected pictures for --fps but ${plain} is a video, with times of its own`),
  );
});
