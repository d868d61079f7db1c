/**
 * The report of an evaluation: `index.html` to look at, `figures.json` with the figures of every frame.
 *
 *     evaluate ─ every measured frame ─▶ add ─▶ figures, crops of the worst ─▶ write ─▶ DIR/index.html, DIR/figures.json
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { LimpidError, messageOf } from '../errors/limpid-error.js';
import { makeFolder } from '../media/make-folder.js';
import { imresize } from '../quality/imresize.js';
import type { ByteSamples } from '../quality/samples.js';
import type { EvaluateResult, MeasuredFrame } from './evaluate.js';
import { type Channel, compare } from './evaluate-figures.js';
import { type FrameFigures, reportPage, type WorstPicture } from './report-page.js';
import { type WorstFrame, WorstFrames } from './worst-frames.js';

/** What was evaluated, as `evaluate` was told. */
export interface ReportOptions {
  readonly model: string;
  readonly channel: Channel;
  readonly crop: number;
}

/** Watches an evaluation, then writes its report. Holds figures and a few crops, however long the clips. */
export class EvaluateReport {
  readonly #dir: string;
  readonly #options: ReportOptions;
  readonly #worst = new WorstFrames();
  readonly #clips = new Map<string, FrameFigures[]>();
  #scale = 1;

  private constructor(dir: string, options: ReportOptions) {
    this.#dir = dir;
    this.#options = options;
  }

  /** Makes the folder, so that a place that can't be written is known before hours of measuring. @throws ERR_INPUT_FILE. */
  static async open(dir: string, options: ReportOptions): Promise<EvaluateReport> {
    await writing(dir, async () => makeFolder(dir));
    return new EvaluateReport(dir, options);
  }

  /** Takes a measured frame; beside a model the source upscaled by bicubic is measured as well. */
  async add(measured: MeasuredFrame): Promise<void> {
    const { clip, index, figures, source, truth, scale } = measured;
    const { model, channel, crop } = this.#options;
    this.#scale = scale;
    let bicubic: Parameters<WorstFrames['offer']>[1];
    if (model !== 'bicubic') {
      const picture = imresize(source, scale);
      bicubic = { picture, figures: compare(picture, truth, channel, crop) };
    }
    const frames = this.#clips.get(clip) ?? [];
    frames.push({ index, ...figures, bicubic: bicubic?.figures });
    this.#clips.set(clip, frames);
    this.#worst.offer(measured, bicubic);
  }

  /** Writes both files; gives the path of the page. @throws ERR_INPUT_FILE. */
  async write(result: EvaluateResult): Promise<string> {
    const worst = await Promise.all(this.#worst.list.map((frame) => worstPicture(frame, this.#options.model)));
    const clips = [...this.#clips].map(([name, frames]) => ({ name, frames }));
    const page = reportPage({ result, clips, worst, scale: this.#scale, madeAt: new Date() });
    const path = join(this.#dir, 'index.html');
    const figures = join(this.#dir, 'figures.json');
    await writing(path, () => writeFile(path, page));
    await writing(figures, () => writeFile(figures, `${JSON.stringify({ ...result, frames: clips })}\n`));
    return path;
  }
}

async function worstPicture({ crops, figures, ...frame }: WorstFrame, model: string): Promise<WorstPicture> {
  const { source, bicubic, restored, truth } = crops;
  const labelled: readonly (readonly [string, ByteSamples | undefined])[] = [
    [`source, ${source.width}×${source.height}`, source],
    ['bicubic', bicubic],
    [model, restored],
    ['ground truth', truth],
  ];
  const pictures: WorstPicture['pictures'][number][] = [];
  for (const [label, picture] of labelled) {
    if (picture !== undefined) {
      pictures.push({ label, uri: await pngUri(picture) });
    }
  }
  return { ...frame, ...figures, pictures };
}

async function pngUri({ width, height, data }: ByteSamples): Promise<string> {
  const png = await sharp(data, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 9 })
    .toBuffer();
  return `data:image/png;base64,${png.toString('base64')}`;
}

async function writing(path: string, write: () => Promise<unknown>): Promise<void> {
  try {
    await write();
  } catch (cause) {
    throw new LimpidError('ERR_INPUT_FILE', `Expected to write ${path} but could not: ${messageOf(cause)}`, { cause });
  }
}
