/**
 * Results as aligned columns for a terminal.
 */
import type { BenchResult } from './bench.js';
import type { EvaluateResult } from './evaluate.js';

/** An evaluation, one clip a line, then the mean. */
export function evaluateTable({ model, channel, crop, clips, mean }: EvaluateResult): string {
  const line = (name: string, frames: number, psnr: number, ssim: number) => [
    name,
    `${frames}`,
    psnr.toFixed(3),
    ssim.toFixed(5),
  ];
  const frames = clips.reduce((sum, clip) => sum + clip.frames, 0);
  const measured = channel === 'y' ? 'Y' : 'RGB';
  return table([
    [model, 'frames', `PSNR ${measured} dB`, 'SSIM'],
    ...clips.map((clip) => line(clip.name, clip.frames, clip.psnr, clip.ssim)),
    line(crop > 0 ? `mean (crop ${crop})` : 'mean', frames, mean.psnr, mean.ssim),
  ]);
}

/** A benchmark, one run a line below the machine. */
export function benchTable({ machine, runs }: BenchResult): string {
  const ms = (value: number) => value.toFixed(1);
  const rows = runs.map((run) => [
    `${run.model} ${run.size} → ${run.outputSize}`,
    run.engine,
    run.fps.toFixed(2),
    ms(run.ms.pyramid),
    ms(run.ms.restore),
    ms(run.ms.total),
    ms(run.p50),
    ms(run.p95),
    ms(run.p99),
    `${Math.round(run.peakRssBytes / 2 ** 20)}`,
  ]);
  const head = ['run', 'engine', 'fps', 'pyramid ms', 'restore ms', 'total ms', 'p50', 'p95', 'p99', 'peak MiB'];
  return `${machine}\n${table([head, ...rows])}`;
}

/** Rows of equal length: the first column to the left, the others to the right, two spaces between. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('  '),
    )
    .join('\n');
}
