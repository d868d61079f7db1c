/** What every source does to pictures: caps that change, crop, sizes, pixel shapes, interlaced and deep pictures. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openSource } from '../../src/source/open-source.js';
import type { SourceOptions } from '../../src/source/source-options.js';
import { ffmpeg, scratchFolder } from '../fixtures/video-files.js';
import { ptsStepsMs, watch } from './session.js';

const folder = scratchFolder('picture');
const RAW = { rawPipelines: true };

/** Sizes of the pictures of a source, run to its end. */
async function sizes(uri: string, options: SourceOptions = {}): Promise<string[]> {
  const session = watch(openSource(uri, options, RAW));
  const { error } = await session.ended;
  expect([null, 'ERR_SOURCE_LOST']).toContain(error?.code ?? null);
  return session.frames.map(({ width, height }) => `${width}x${height}`);
}

/** A video file of a lavfi source. */
function video(name: string, source: string, ...output: string[]): string {
  const path = join(folder, name);
  ffmpeg('-f', 'lavfi', '-i', source, ...output, path);
  return path;
}

describe('a test: source', () => {
  it('gives as many pictures of its size and rate as it is told, then ends', async () => {
    const session = watch(openSource('test:smpte?size=322x182&rate=50&frames=10'));
    expect((await session.ended).error).toBeNull();
    expect(session.frames).toHaveLength(10);
    expect(session.frames[0]).toMatchObject({ width: 322, height: 182 });
    expect(ptsStepsMs(session.frames)).toEqual(Array(9).fill(20));
  });
});

describe('a pipeline: source', () => {
  const text = `pipeline:
    videotestsrc num-buffers=4 ! video/x-raw,width=64,height=48,framerate=25/1 ! all.
    videotestsrc num-buffers=4 ! video/x-raw,width=96,height=32,framerate=10/1 ! all.
    concat name=all`;

  it('goes on in one session when size and frame rate change', async () => {
    const session = watch(openSource(`${text} ! clocksync`, {}, RAW));
    expect((await session.ended).error?.code).toBe('ERR_SOURCE_LOST');
    const seen = session.frames.map(({ width, height }) => `${width}x${height}`);
    expect(new Set(seen)).toEqual(new Set(['64x48', '96x32']));
    expect(session.frames.every(({ width, height, data }) => data.byteLength === width * height * 3)).toBe(true);
    expect(Math.min(...ptsStepsMs(session.frames))).toBeGreaterThan(0);
  });

  it('keeps one size through changes when it is told to', async () => {
    expect(new Set(await sizes(`${text} ! clocksync`, { size: '80x40' }))).toEqual(new Set(['80x40']));
  });

  it('is refused unless its text stands in a configuration file', () => {
    expect(() => openSource('pipeline: videotestsrc ! filesink location=/tmp/x')).toThrowError(
      expect.objectContaining({
        code: 'ERR_SOURCE_URI',
        message: 'Expected a source other than pipeline: here: a pipeline text is taken from a configuration file only',
      }),
    );
  });

  it('says in one sentence what is wrong with its text', async () => {
    const { error } = await watch(openSource('pipeline: nosuchelement ! fakesink', {}, RAW)).ended;
    expect(error?.code).toBe('ERR_SOURCE_OPEN');
    expect(error?.message).toMatch(/^The pipeline failed: no element "nosuchelement"/);
  });

  it('has stalled where it goes on saying that there is no picture', async () => {
    // What identity leaves out it tells as a gap: of the pictures between key frames, which are all but the first.
    const gaps = `pipeline: videotestsrc is-live=true ! video/x-raw,width=64,height=48,framerate=25/1
      ! x264enc tune=zerolatency key-int-max=100000 ! identity drop-buffer-flags=delta-unit ! decodebin`;
    const session = watch(openSource(gaps, { stallTimeoutMs: 500 }, RAW));
    await session.framesReach(1);
    expect((await session.ended).error).toMatchObject({
      code: 'ERR_SOURCE_STALLED',
      message: 'The pipeline has sent nothing for 500 ms',
    });
  });
});

describe('pictures', () => {
  it.each([
    ['a box that is flatter', { maxSize: '64x20' }, '36x20'],
    ['a box that is slimmer', { maxSize: '32x64' }, '32x18'],
    ['a box they fit into', { maxSize: '640x360' }, '320x180'],
    ['exactly one size', { size: '100x100' }, '100x100'],
    ['a region', { crop: { x: 100, y: 50, width: 33, height: 21 } }, '33x21'],
    ['a region, then a box', { crop: { x: 0, y: 0, width: 160, height: 90 }, maxSize: '80x80' }, '80x45'],
  ])('are brought into %s', async (_case, options, size) => {
    const path = join(folder, 'plain.mkv');
    ffmpeg('-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=25:d=0.08', '-c:v', 'ffv1', path);
    expect(await sizes(path, options)).toEqual([size, size]);
  });

  it('are cropped where the region says', async () => {
    // A bright square on black at (100, 50).
    const source = 'color=black:s=320x180:r=25:d=0.04,drawbox=x=100:y=50:w=32:h=16:color=white:t=fill,format=rgb24';
    const path = video('square.mkv', source, '-c:v', 'ffv1', '-pix_fmt', 'bgr0');
    const session = watch(openSource(path, { crop: { x: 100, y: 50, width: 32, height: 16 } }));
    await session.ended;
    expect(new Set(session.frames[0]?.data)).toEqual(new Set([255]));
  });

  it('that a region does not lie in are an error that names the option', async () => {
    const path = video('small.mkv', 'testsrc2=s=64x48:r=25:d=0.08', '-c:v', 'ffv1');
    const { error } = await watch(openSource(path, { crop: { x: 60, y: 0, width: 32, height: 32 } })).ended;
    expect(error).toMatchObject({
      code: 'ERR_SOURCE_OPEN',
      message: `${path} has no region of 32×32 at (60, 0); choose a crop inside the picture`,
    });
  });

  it('with pixels that are not square are shown in their shape when live, and kept with it when not', async () => {
    const path = video('wide.mkv', 'testsrc2=s=72x58:r=25:d=0.2,setsar=16/11', '-c:v', 'ffv1');
    const kept = watch(openSource(path));
    await kept.ended;
    expect(kept.frames[0]).toMatchObject({ width: 72, height: 58, pixelAspect: { numerator: 16, denominator: 11 } });
    const square = watch(openSource(path, { live: true }));
    await square.ended;
    expect(square.frames[0]).toMatchObject({ width: 105, height: 58 });
    expect(square.frames[0]).not.toHaveProperty('pixelAspect');
  });

  it('that are interlaced lose their comb, one picture a frame', async () => {
    // A white bar that moves 16 pixels a field: even and odd rows of a frame show it in two places.
    const bar = "geq=lum='if(between(X-16*mod(N,6),0,15),235,16)':cb=128:cr=128";
    const source = `color=black:s=128x64:r=50:d=0.4,${bar},tinterlace=interleave_top`;
    const path = video('comb.mkv', source, ...FFV1);
    const combed = watch(openSource(path, { deinterlace: false }));
    await combed.ended;
    const clean = watch(openSource(path));
    await clean.ended;
    expect(clean.frames).toHaveLength(combed.frames.length);
    expect(comb(combed.frames[3]?.data)).toBeGreaterThan(40);
    expect(comb(clean.frames[3]?.data)).toBeLessThan(comb(combed.frames[3]?.data) / 4);
  });

  it.each([
    ['ten bits', [], /has more than 8 bits a sample \(H\.265 \(Main 10 Profile\)\): it is converted to 8 bits$/],
    [
      'HDR',
      ['transfer=smpte2084', 'colorprim=bt2020', 'colormatrix=bt2020nc'],
      /is HDR \(PQ\): it is converted to 8 bits/,
    ],
  ])('of %s are converted, with one warning however often the source is opened', async (name, params, sentence) => {
    const x265 = ['log-level=none', ...params].join(':');
    const encoding = ['-pix_fmt', 'yuv420p10le', '-c:v', 'libx265', '-x265-params', x265];
    const path = video(`${name}.mkv`, 'testsrc2=s=64x64:r=25:d=0.12', ...encoding);
    const warnings: string[] = [];
    const source = openSource(path, {}, { warn: (warning) => warnings.push(warning) });
    for (const session of [watch(source), watch(source)]) {
      expect((await session.ended).error).toBeNull();
      expect(session.frames).toHaveLength(3);
    }
    expect(warnings).toEqual([expect.stringMatching(sentence)]);
  });
});

const FFV1 = ['-flags', '+ilme+ildct', '-field_order', 'tt', '-c:v', 'ffv1', '-pix_fmt', 'yuv420p'];

/** Mean difference between a row and the mean of those above and below it, where those two agree: the teeth of a comb. */
function comb(data: Uint8Array | undefined, width = 128, height = 64): number {
  let sum = 0;
  const at = (x: number, y: number) => data?.[(y * width + x) * 3] ?? 0;
  for (let y = 1; y < height - 1; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const [above, below] = [at(x, y - 1), at(x, y + 1)];
      sum += Math.abs(above - below) < 8 ? Math.abs(at(x, y) - (above + below) / 2) : 0;
    }
  }
  return sum / (width * height);
}
