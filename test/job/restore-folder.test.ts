/** `restore` of folders of pictures, through a small network and through plain upscaling. */
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OpenEngineOptions, openEngine } from '../../src/engine/open-engine.js';
import { LimpidError } from '../../src/errors/limpid-error.js';
import type { Frame } from '../../src/frame/frame.js';
import { readPng } from '../../src/job/read-png.js';
import { restore } from '../../src/job/restore.js';
import type { RestoreDeps, RestoreOptions } from '../../src/job/restore-options.js';
import { windowIndices } from '../../src/window/padding.js';
import { decodeFrame, probeVideo } from '../fixtures/ffprobe.js';
import { scene } from '../fixtures/quality/scene.js';
import { writePng } from '../fixtures/quality/write-png.js';
import { type TinyModel, writeTinyModel } from '../fixtures/tiny-model.js';
import { scratchFolder } from '../fixtures/video-files.js';

const folder = scratchFolder('restore-folder');
const SIZE = { width: 24, height: 16 };
/** By name, as a shell would list them: 1, 10, 11, 2, 3 … */
const COUNT = 11;
const names = Array.from({ length: COUNT }, (_, i) => `frame ${i + 1}.png`);
const pictures = names.map((_, t) => scene(6, t, SIZE.width, SIZE.height));
const input = join(folder, 'in');
let model: TinyModel;

beforeAll(async () => {
  model = await writeTinyModel();
  for (const [t, name] of names.entries()) await writePng(join(input, name), pictures[t] as (typeof pictures)[number]);
});
afterAll(() => model.dispose());

const deps = (engine: OpenEngineOptions = {}): RestoreDeps => ({
  openEngine: (name) => openEngine(name, { modelsDir: model.modelsDir, ...engine }),
  weightsOf: async () => null,
});
const run = (output: string, options: Partial<RestoreOptions> = {}, engine: OpenEngineOptions = {}) =>
  restore({ input, output: join(folder, output), model: 'tiny', ...options }, deps(engine));
const pngsOf = (output: string) => readdirSync(join(folder, output)).filter((name) => name.endsWith('.png'));

/** What the engine makes of each picture's window, one window after the other. */
async function oneByOne(options: OpenEngineOptions = {}): Promise<readonly Buffer[]> {
  const engine = await openEngine('tiny', { modelsDir: model.modelsDir, ...options });
  const frames = pictures.map(({ data }, seq): Frame => {
    return { ...SIZE, format: 'rgb8', data, seq, session: 0, ptsNs: 0n, captureTimeMs: 0, discontinuity: seq === 0 };
  });
  try {
    const restored: Buffer[] = [];
    for (const [t, reference] of frames.entries()) {
      const { padding, window } = engine.spec;
      const indices = windowIndices(padding, t, window, COUNT - 1);
      const { frame } = await engine.restore('test', { reference, frames: indices.map((i) => frames[i] as Frame) });
      restored.push(Buffer.from(frame.data));
      frame.lease?.release();
    }
    return restored;
  } finally {
    await engine.dispose();
  }
}

async function expectPictures(output: string, expected: readonly Buffer[]): Promise<void> {
  for (const [t, name] of names.entries()) {
    const { data } = await readPng(join(folder, output, name));
    expect(Buffer.from(data).equals(expected[t] ?? Buffer.alloc(0)), name).toBe(true);
  }
}

describe('a folder of pictures', () => {
  it('is restored in natural order, each picture with its neighbours, under its own name', async () => {
    expect(await run('out')).toEqual({
      done: COUNT,
      found: 0,
      total: COUNT,
      share: 1,
      interrupted: false,
      audio: false,
    });
    expect(pngsOf('out').sort()).toEqual([...names].sort());
    await expectPictures('out', await oneByOne());
  });

  it('is gone on with where it was begun: what is missing or cut is restored with the same neighbours', async () => {
    await run('resumed');
    rmSync(join(folder, 'resumed', 'frame 2.png'));
    const cut = join(folder, 'resumed', 'frame 10.png');
    writeFileSync(cut, readFileSync(cut).subarray(0, 100));
    expect(await run('resumed')).toMatchObject({ done: COUNT, found: COUNT - 2 });
    await expectPictures('resumed', await oneByOne());
  });

  it('is restored by self-ensemble, and not gone on with by another number of passes', async () => {
    await run('ensemble', { selfEnsemble: 4 }, { selfEnsemble: 4 });
    const expected = await oneByOne({ selfEnsemble: 4 });
    await expectPictures('ensemble', expected);
    const alone = await oneByOne();
    expect(expected.some((picture, t) => picture.equals(alone[t] ?? picture))).toBe(false);
    await expect(run('ensemble', { selfEnsemble: 8 }, { selfEnsemble: 8 })).rejects.toThrow(
      `Expected frames of passes 8 in ${join(folder, 'ensemble')} but they are of 4; choose another folder, or --overwrite`,
    );
  });

  it('passes two stages in a row', async () => {
    const { done } = await run('stages', { model: 'tiny, bypass' });
    expect(done).toBe(COUNT);
    expect(await readPng(join(folder, 'stages', 'frame 1.png'))).toMatchObject({ width: 24 * 16, height: 16 * 16 });
  });

  it.each([
    ['25 fps', undefined, 40],
    ['the rate that is given', 12.5, 80],
  ])('becomes a clip of %s, in natural order', async (_, fps, stepMs) => {
    const output = join(folder, `${stepMs}.mkv`);
    const greys = join(folder, 'greys');
    for (let t = 0; t < COUNT; t += 1) {
      await writePng(join(greys, `p${t + 1}.png`), {
        ...SIZE,
        channels: 3,
        data: new Uint8Array(24 * 16 * 3).fill(20 * t),
      });
    }
    await run(`${stepMs}.mkv`, { input: greys, model: 'bypass', crf: 4, ...(fps === undefined ? {} : { fps }) });
    expect([...probeVideo(output).ptsMs].sort((a, b) => a - b)).toEqual(
      Array.from({ length: COUNT }, (_, t) => t * stepMs),
    );
    for (const t of [1, 9, 10]) expect(Math.abs((decodeFrame(output, t)[0] ?? 0) - 20 * t)).toBeLessThan(4);
  });
});

describe('one picture', () => {
  it('becomes one picture: its window is itself', async () => {
    const one = join(input, 'frame 3.png');
    await run('one.png', { input: one });
    await run('one', { input: one });
    expect(await readPng(join(folder, 'one.png'))).toEqual(await readPng(join(folder, 'one', 'frame 3.png')));
    expect(await readPng(join(folder, 'one.png'))).toMatchObject({ width: 96, height: 64 });
  });

  it('of a camera that was held upright comes out upright', async () => {
    const photo = join(folder, 'photo.jpg');
    const blueOverRed = Buffer.from(
      Array.from({ length: 16 * 24 }, (_, i) => (i < 16 * 12 ? [0, 0, 255] : [255, 0, 0])).flat(),
    );
    const turned = sharp(blueOverRed, { raw: { width: 16, height: 24, channels: 3 } }).rotate(-90);
    await turned.jpeg({ quality: 95, chromaSubsampling: '4:4:4' }).withMetadata({ orientation: 6 }).toFile(photo);
    await run('photo.png', { input: photo, model: 'bypass' });
    const { width, height, data } = await readPng(join(folder, 'photo.png'));
    expect({ width, height }).toEqual({ width: 64, height: 96 });
    expect([...data.subarray(0, 3)].map((value) => Math.round(value / 255))).toEqual([0, 0, 1]);
    expect([...data.subarray(-3)].map((value) => Math.round(value / 255))).toEqual([1, 0, 0]);
  });
});

describe('an output that is a file of the input', () => {
  /** A folder of its own with one picture, a.png. */
  const onePicture = async (name: string): Promise<string> => {
    const dir = join(folder, name);
    await writePng(join(dir, 'a.png'), scene(1, 0, 24, 16));
    return dir;
  };
  /** A folder in which a.png is a link to `file`. */
  const linked = (name: string, link: (file: string, path: string) => void, file: string): string => {
    mkdirSync(join(folder, name));
    link(file, join(folder, name, 'a.png'));
    return name;
  };
  const cases: readonly {
    readonly name: string;
    /** By the folder of the picture and its path. */
    readonly ask: (dir: string, picture: string) => { readonly input: string; readonly output: string };
    /** The file named in the sentence, in the folder of the tests. */
    readonly both: string;
  }[] = [
    { name: 'own-folder', ask: (dir, picture) => ({ input: picture, output: dir }), both: 'own-folder/a.png' },
    { name: 'only-picture', ask: (dir, picture) => ({ input: dir, output: picture }), both: 'only-picture/a.png' },
    {
      name: 'symlink',
      ask: (dir, picture) => ({ input: dir, output: join(folder, linked('symlink-out', symlinkSync, picture)) }),
      both: 'symlink-out/a.png',
    },
    {
      name: 'hard-link',
      ask: (dir, picture) => ({ input: dir, output: join(folder, linked('hard-link-out', linkSync, picture)) }),
      both: 'hard-link-out/a.png',
    },
    {
      name: 'linked-input',
      ask: (dir, picture) => ({ input: join(folder, linked('linked-in', symlinkSync, picture)), output: dir }),
      both: 'linked-input/a.png',
    },
    {
      name: 'linked-clip',
      ask: (dir, picture) => {
        symlinkSync(picture, join(folder, 'linked.mkv'));
        return { input: dir, output: join(folder, 'linked.mkv') };
      },
      both: 'linked.mkv',
    },
  ];

  it.each(cases)('is refused, and nothing is touched: $name', async ({ name, ask, both }) => {
    const dir = await onePicture(name);
    const picture = join(dir, 'a.png');
    const before = readFileSync(picture);
    const { input: asked, output } = ask(dir, picture);
    const sentence = `Expected an output other than the files of the input ${asked} but ${join(folder, both)} is one of them; choose another`;
    for (const overwrite of [false, true]) {
      const error = await restore({ input: asked, output, model: 'tiny', overwrite }, deps()).catch(
        (thrown: unknown) => thrown,
      );
      expect(error).toEqual(new LimpidError('ERR_USAGE', sentence));
      expect(readFileSync(picture).equals(before)).toBe(true);
      expect(readdirSync(dir)).toEqual(['a.png']);
      expect(existsSync(join(folder, both))).toBe(true);
    }
  });

  it('is not what stands beside it: a JPEG may become a PNG in its folder', async () => {
    const dir = await onePicture('beside');
    const jpeg = join(dir, 'b.jpg');
    await sharp(join(dir, 'a.png')).jpeg().toFile(jpeg);
    await restore({ input: jpeg, output: dir, model: 'tiny', overwrite: true }, deps());
    expect(readdirSync(dir).filter((name) => !name.startsWith('.'))).toEqual(['a.png', 'b.jpg', 'b.png']);
  });
});

describe('refuses in one sentence', () => {
  const fault = (code: 'ERR_USAGE' | 'ERR_INPUT_FILE' | 'ERR_FRAME_SIZE', message: string) =>
    new LimpidError(code, message);
  const refusal = (options: Partial<RestoreOptions>) =>
    run('never', options).then(
      () => undefined,
      (error: unknown) => error,
    );

  it('pictures of two sizes, before anything is written', async () => {
    const dir = join(folder, 'sizes');
    await writePng(join(dir, '1.png'), scene(1, 0, 24, 16));
    await writePng(join(dir, '2.png'), scene(1, 1, 24, 18));
    const sentence = `Expected 24x16 as 1.png in ${join(dir, '2.png')} but received 24x18; restore sizes apart`;
    expect(await refusal({ input: dir })).toEqual(fault('ERR_FRAME_SIZE', sentence));
    expect(readdirSync(folder)).not.toContain('never');
  });

  it('tiles that are all overlap, and leaves no folder behind', async () => {
    const engine: OpenEngineOptions = { tile: { width: 16, height: 16 } };
    const error = await run('never', {}, engine).catch((thrown: unknown) => thrown);
    expect(String(error)).toMatch(
      /Expected tiles of at least \d+ pixels a side with an overlap of \d+ but received 16/,
    );
    expect(readdirSync(folder)).not.toContain('never');
  });

  it('two pictures that would become one', async () => {
    const dir = join(folder, 'twins');
    await writePng(join(dir, 'a.png'), scene(1, 0, 24, 16));
    await sharp(join(dir, 'a.png')).jpeg().toFile(join(dir, 'a.jpg'));
    const sentence = 'Expected one picture of each name but found a.jpg and a.png; remove one';
    expect(await refusal({ input: dir })).toEqual(fault('ERR_INPUT_FILE', sentence));
  });

  it('a folder without pictures', async () => {
    const sentence = `Expected PNG or JPEG pictures in ${model.modelsDir} but found none`;
    expect(await refusal({ input: model.modelsDir })).toEqual(fault('ERR_INPUT_FILE', sentence));
  });

  it('a picture that is damaged', async () => {
    const dir = join(folder, 'damaged');
    await writePng(join(dir, '1.png'), scene(1, 0, 24, 16));
    writeFileSync(join(dir, '2.png'), readFileSync(join(dir, '1.png')).subarray(0, 20));
    const error = await refusal({ input: dir });
    expect(error).toMatchObject({ code: 'ERR_INPUT_FILE' });
    expect(String(error)).toMatch(/Expected a PNG or JPEG at .*2\.png but it is damaged: /);
  });

  it.each([0, 1001])('%s frames a second', async (fps) => {
    const sentence = `Expected 0.01 to 1000 for --fps but received ${fps}`;
    expect(await refusal({ fps })).toEqual(fault('ERR_USAGE', sentence));
  });
});
