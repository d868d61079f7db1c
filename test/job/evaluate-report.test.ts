import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EvaluateOptions, type EvaluateResult, evaluate } from '../../src/job/evaluate.js';
import { BicubicEngine } from '../../src/job/evaluate-bicubic.js';
import { EvaluateReport } from '../../src/job/evaluate-report.js';
import { scene } from '../fixtures/quality/scene.js';
import { writePng } from '../fixtures/quality/write-png.js';

const NAMES = ['plain', 'a<b>&"c'] as const;
const FRAMES = 3;
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'limpid-report-'));
  for (const [seed, name] of NAMES.entries()) {
    for (let t = 0; t < FRAMES; t += 1) {
      await writePng(join(dir, 'gt', name, `${t}.png`), scene(seed, t, 48, 36));
    }
  }
});
afterAll(() => rm(dir, { recursive: true }));

/** Evaluates with a report; the model called "double" is bicubic as well, so that its gain is nothing. */
async function reported(to: string, options: Omit<EvaluateOptions, 'gt'>) {
  const { model, channel = 'rgb', crop = 0 } = options;
  const report = await EvaluateReport.open(join(dir, to), { model, channel, crop });
  const deps = { openEngine: async () => new BicubicEngine(2) };
  const result = await evaluate(
    { gt: join(dir, 'gt'), ...options },
    { ...deps, onMeasured: (measured) => report.add(measured) },
  );
  const path = await report.write(result);
  const figures = JSON.parse(await readFile(join(dir, to, 'figures.json'), 'utf8'));
  return { result, page: await readFile(path, 'utf8'), figures };
}

describe('the report of a model', () => {
  let made: { readonly result: EvaluateResult; readonly page: string; readonly figures: typeof JSON };
  beforeAll(async () => {
    made = await reported('model', { model: 'double', channel: 'y', crop: 2 });
  });

  it('is one page that asks nothing of the network', () => {
    const addresses = [...made.page.matchAll(/(?:src|href|url)\s*[=(]\s*"?([^")\s]{1,20})/g)].map((match) => match[1]);
    expect(addresses.length).toBeGreaterThan(0);
    for (const address of addresses) expect(address).toMatch(/^data:image\/png/);
    expect(made.page).not.toMatch(/<script|https?:/);
    expect(made.page).toContain("default-src 'none'");
  });

  it('has a row a clip with the figures of the result, and escapes names', () => {
    for (const { psnr, ssim } of made.result.clips) {
      expect(made.page).toContain(`<td>${FRAMES}</td><td>${psnr.toFixed(2)}</td><td>${ssim.toFixed(4)}</td>`);
    }
    expect(made.page).toContain('a&lt;b&gt;&amp;&quot;c');
    expect(made.page).not.toContain('a<b>');
  });

  it('measures bicubic beside the model, the same way', () => {
    const { clips, mean } = made.result;
    expect(made.figures).toMatchObject({ model: 'double', channel: 'y', crop: 2, clips, mean });
    const frames = (made.figures as unknown as { frames: { frames: Record<string, unknown>[] }[] }).frames;
    expect(frames.map((clip) => clip.frames.length)).toEqual([FRAMES, FRAMES]);
    for (const { psnr, ssim, bicubic } of frames.flatMap((clip) => clip.frames)) {
      expect(bicubic).toEqual({ psnr, ssim });
    }
    expect(made.page).toContain('+0.00 dB');
  });

  it('has two plots a clip and four pictures a frame, the last of them the truth', async () => {
    expect(made.page.match(/<svg /g)).toHaveLength(2 * NAMES.length);
    const uris = [...made.page.matchAll(/src="data:image\/png;base64,([^"]+)"/g)].map((match) => match[1] ?? '');
    expect(uris).toHaveLength(4 * NAMES.length);
    const [source, , , truth] = await Promise.all(
      uris.slice(0, 4).map((uri) => sharp(Buffer.from(uri, 'base64')).raw().toBuffer({ resolveWithObject: true })),
    );
    expect([source?.info.width, source?.info.height]).toEqual([24, 18]);
    const truths = NAMES.flatMap((_, seed) => Array.from({ length: FRAMES }, (_, t) => scene(seed, t, 48, 36).data));
    expect(truths.some((data) => truth?.data.equals(data))).toBe(true);
  });
});

it('shows bicubic alone when that is the model', async () => {
  const { page } = await reported('bicubic', { model: 'bicubic', scale: 3 });
  expect(page.match(/<img /g)).toHaveLength(3 * NAMES.length);
  expect(page).not.toContain('over bicubic');
  expect(page).toContain('×3');
});

it('copes with pictures that are equal', async () => {
  const { page } = await reported('equal', { model: 'bicubic', scale: 1 });
  expect(page).toContain('∞ dB');
  expect(page).not.toMatch(/NaN|Infinity/);
});

it('says at once when the folder cannot be made, below a file and where nothing can be made', async () => {
  const at = join(dir, 'file');
  await writeFile(at, '');
  for (const to of [join(at, 'report'), '/proc/limpid/report']) {
    await expect(EvaluateReport.open(to, { model: 'm', channel: 'rgb', crop: 0 })).rejects.toMatchObject({
      code: 'ERR_INPUT_FILE',
      message: expect.stringContaining(`Expected to write ${to} but could not: `),
    });
  }
});
