/**
 * The page of an evaluation report: one HTML file that asks nothing of the network.
 */
import type { EvaluateResult } from './evaluate.js';
import { type Figures, meanOf } from './evaluate-figures.js';
import { escapeText, plotSvg, type Series } from './report-plot.js';
import { style } from './report-style.js';

/** The figures of one frame. */
export interface FrameFigures extends Figures {
  readonly index: number;
  /** Of the source upscaled by bicubic; undefined where that is the model itself. */
  readonly bicubic: Figures | undefined;
}

/** A clip's frames, in order. */
export interface ClipFrameFigures {
  readonly name: string;
  readonly frames: readonly FrameFigures[];
}

/** One of the worst frames with its crops as data: URIs of PNGs. */
export interface WorstPicture extends FrameFigures {
  readonly clip: string;
  readonly left: number;
  readonly top: number;
  readonly pictures: readonly { readonly label: string; readonly uri: string }[];
}

/** All a page shows. */
export interface ReportContents {
  readonly result: EvaluateResult;
  /** The clips of the result, in its order. */
  readonly clips: readonly ClipFrameFigures[];
  readonly worst: readonly WorstPicture[];
  /** Output size over input size. */
  readonly scale: number;
  readonly madeAt: Date;
}

/** Clips whose plots are unfolded at first. */
const OPEN_PLOTS = 12;

/** The whole document. */
export function reportPage(contents: ReportContents): string {
  const { result, clips, scale, madeAt } = contents;
  const measured = `${result.channel === 'y' ? 'Y of BT.601' : 'RGB'}${result.crop > 0 ? `, ${result.crop} pixels cropped` : ''}`;
  const total = clips.reduce((sum, { frames }) => sum + frames.length, 0);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>${escapeText(result.model)}: PSNR and SSIM</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>${escapeText(result.model)} <span>×${scale}</span></h1>
<p>${counted(total, 'frame')} of ${counted(clips.length, 'clip')}, ${measured}, ${madeAt.toISOString().slice(0, 10)}</p>
</header>
<main>
${headline(contents)}
<section><h2>Clips</h2>${table(contents)}</section>
<section><h2>Frames</h2>${plots(contents)}</section>
<section><h2>Worst frames</h2>${worst(contents)}</section>
</main>
</body>
</html>
`;
}

function headline({ result, clips }: ReportContents): string {
  const bicubic = bicubicMean(clips);
  const card = (label: string, value: string, note: string) =>
    `<div><dt>${label}</dt><dd>${value}</dd><dd class="note">${note}</dd></div>`;
  return `<dl>${card('PSNR', `${decibel(result.mean.psnr)} dB`, bicubic === undefined ? '' : `bicubic ${decibel(bicubic.psnr)} dB`)}${card(
    'SSIM',
    result.mean.ssim.toFixed(4),
    bicubic === undefined ? '' : `bicubic ${bicubic.ssim.toFixed(4)}`,
  )}${bicubic === undefined ? '' : card('Gain', `${signed(result.mean.psnr - bicubic.psnr)} dB`, 'over bicubic')}</dl>`;
}

function table({ result, clips }: ReportContents): string {
  const mean = bicubicMean(clips);
  const row = (name: string, count: number, figures: Figures, bicubic: Figures | undefined, worst: string) => {
    const cells = [String(count), decibel(figures.psnr), figures.ssim.toFixed(4)];
    if (bicubic !== undefined) {
      cells.push(decibel(bicubic.psnr), bicubic.ssim.toFixed(4), signed(figures.psnr - bicubic.psnr));
    }
    return `<tr><th scope="row">${escapeText(name)}</th>${[...cells, worst].map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
  };
  const rows = result.clips.map((figures, i) => {
    const clip = clips[i] ?? { name: figures.name, frames: [] };
    const worst = clip.frames.reduce((a, b) => (b.psnr < a.psnr ? b : a));
    return row(clip.name, figures.frames, figures, bicubicOf(clip), `${decibel(worst.psnr)} (frame ${worst.index})`);
  });
  const total = clips.reduce((sum, { frames }) => sum + frames.length, 0);
  const heads = ['clip', 'frames', 'PSNR, dB', 'SSIM'];
  if (mean !== undefined) {
    heads.push('bicubic PSNR', 'bicubic SSIM', 'gain, dB');
  }
  const head = [...heads, 'worst frame, dB'].map((text) => `<th scope="col">${text}</th>`).join('');
  const foot = row('mean of clips', total, result.mean, mean, '');
  return `<div class="wide"><table><thead><tr>${head}</tr></thead><tbody>${rows.join('')}</tbody><tfoot>${foot}</tfoot></table></div>`;
}

function plots({ result, clips }: ReportContents): string {
  const withBicubic = bicubicMean(clips) !== undefined;
  const legend = `<p class="legend"><span class="model"></span>${escapeText(result.model)} <span class="bicubic"></span>bicubic</p>`;
  const figures = clips.map(({ name, frames }, i) => {
    const series = (of: (figures: Figures) => number): readonly Series[] => {
      const model = { label: result.model, className: 'model', values: frames.map(of) };
      const values = frames.map(({ bicubic }) => (bicubic === undefined ? Number.NaN : of(bicubic)));
      return withBicubic ? [{ label: 'bicubic', className: 'bicubic', values }, model] : [model];
    };
    const psnr = plotSvg({
      title: `PSNR of ${name} by frame`,
      label: 'PSNR, dB',
      digits: 2,
      series: series((figures) => figures.psnr),
    });
    const ssim = plotSvg({
      title: `SSIM of ${name} by frame`,
      label: 'SSIM',
      digits: 4,
      series: series((figures) => figures.ssim),
    });
    return `<details${i < OPEN_PLOTS ? ' open' : ''}><summary>${escapeText(name)}</summary><div class="plots">${psnr}${ssim}</div></details>`;
  });
  return (withBicubic ? legend : '') + figures.join('');
}

function worst({ worst: frames }: ReportContents): string {
  const note =
    '<p>Each where its error is largest, with its place in output pixels. The figures are of the whole frame.</p>';
  const cards = frames.map(({ clip, index, psnr, ssim, bicubic, left, top, pictures }) => {
    const than =
      bicubic === undefined ? '' : ` <span>bicubic ${decibel(bicubic.psnr)} dB, ${bicubic.ssim.toFixed(4)}</span>`;
    const figures = pictures.map(
      ({ label, uri }) =>
        `<figure><img src="${uri}" alt="${escapeText(`${label} of ${clip}, frame ${index}`)}"><figcaption>${escapeText(label)}</figcaption></figure>`,
    );
    return `<article><h3>${escapeText(clip)}, frame ${index}: ${decibel(psnr)} dB, ${ssim.toFixed(4)}${than} <span>x ${left}, y ${top}</span></h3><div class="pictures">${figures.join('')}</div></article>`;
  });
  return note + cards.join('');
}

/** The mean of the bicubic figures of a clip, if it has any. */
function bicubicOf({ frames }: ClipFrameFigures): Figures | undefined {
  const figures = frames.flatMap(({ bicubic }) => bicubic ?? []);
  return figures.length === 0 ? undefined : meanOf(figures);
}

/** As the papers average: over the frames of a clip, then over the clips. */
function bicubicMean(clips: readonly ClipFrameFigures[]): Figures | undefined {
  const means = clips.flatMap((clip) => bicubicOf(clip) ?? []);
  return means.length === 0 ? undefined : meanOf(means);
}

function decibel(value: number): string {
  return Number.isFinite(value) ? value.toFixed(2) : '∞';
}

function signed(value: number): string {
  return Number.isFinite(value) ? `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}` : '–';
}

function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}
