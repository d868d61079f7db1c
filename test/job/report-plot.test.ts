import { expect, it } from 'vitest';
import { escapeText, niceStep, plotSvg } from '../../src/job/report-plot.js';

function plot(values: readonly number[]): string {
  const series = [{ label: 'edvr <m>', className: 'model', values }];
  return plotSvg({ title: 'PSNR of "a"', label: 'PSNR, dB', digits: 2, series });
}

/** Texts of the ticks that stand at the left axis. */
function valueTicks(svg: string): readonly number[] {
  return [...svg.matchAll(/text-anchor="end">([^<]+)</g)].map((match) => Number(match[1]));
}

it.each([
  [0.7, 1],
  [1, 1],
  [1.2, 2],
  [3, 5],
  [6, 10],
  [0.012, 0.02],
  [45, 50],
])('takes a nice step for at least %d: %d', (least, step) => {
  expect(niceStep(least)).toBeCloseTo(step, 12);
});

it.each([[[24.2, 25.1, 24.9]], [[30, 30, 30]], [[-3, 12]], [[0.001, 0.0011]]])(
  'has ticks around the values %j',
  (values) => {
    const ticks = valueTicks(plot(values));
    expect(ticks.length).toBeGreaterThanOrEqual(2);
    expect(ticks.length).toBeLessThanOrEqual(7);
    expect(ticks[0]).toBeLessThanOrEqual(Math.min(...values));
    expect(ticks.at(-1)).toBeGreaterThanOrEqual(Math.max(...values));
  },
);

it('draws values at their height between the ticks', () => {
  const svg = plot([20, 30, 25]);
  const heights = [...svg.matchAll(/cy="([\d.]+)"/g)].map((match) => Number(match[1]));
  expect(heights).toHaveLength(3);
  expect(heights[2]).toBeCloseTo(((heights[0] ?? 0) + (heights[1] ?? 0)) / 2, 5);
  expect(heights[1]).toBeLessThan(heights[0] ?? 0);
});

it('leaves a gap where pictures are equal and PSNR is infinite', () => {
  const svg = plot([20, 21, Number.POSITIVE_INFINITY, 22, 23]);
  const line = /class="line model" d="([^"]+)"/.exec(svg)?.[1] ?? '';
  expect(line.match(/M/g)).toHaveLength(2);
  expect(svg).not.toMatch(/NaN|Infinity/);
  expect(plot([Number.POSITIVE_INFINITY])).not.toMatch(/NaN|Infinity/);
});

it('has no dots on long clips', () => {
  expect(plot(Array.from({ length: 1000 }, (_, i) => 30 + Math.sin(i)))).not.toContain('<circle');
});

it('escapes what it is given', () => {
  expect(escapeText('<a href="x">&')).toBe('&lt;a href=&quot;x&quot;&gt;&amp;');
  expect(plot([1])).toContain('aria-label="PSNR of &quot;a&quot;"');
  expect(plot([1])).toContain('edvr &lt;m&gt;, frame 0');
});
