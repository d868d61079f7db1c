/**
 * A line plot as inline SVG: frames across, a figure up, axes with ticks and labels.
 */

/** One line of a plot. Values that are not finite leave a gap. */
export interface Series {
  readonly label: string;
  /** Class that the page's style sheet colours. */
  readonly className: string;
  readonly values: readonly number[];
}

/** What a plot shows. */
export interface Plot {
  /** Text for those who can't see it. */
  readonly title: string;
  /** Label of the axis up, with its unit. */
  readonly label: string;
  /** Digits after the point of its ticks, at least. */
  readonly digits: number;
  readonly series: readonly Series[];
}

const WIDTH = 560;
const HEIGHT = 230;
const LEFT = 58;
const RIGHT = 12;
const TOP = 12;
const BOTTOM = 40;
/** Up to here every frame has a dot, which says its value when pointed at. */
const MOST_DOTS = 150;

/** The plot as an `<svg>` element. */
export function plotSvg({ title, label, digits, series }: Plot): string {
  const frames = Math.max(...series.map(({ values }) => values.length));
  const finite = series.flatMap(({ values }) => values.filter(Number.isFinite));
  const up = valueTicks(finite, digits);
  const across = frameTicks(frames);
  const x = (frame: number) => LEFT + ((WIDTH - LEFT - RIGHT) * (frame + 0.5)) / frames;
  const y = (value: number) => HEIGHT - BOTTOM - ((HEIGHT - TOP - BOTTOM) * (value - up.from)) / (up.to - up.from);
  const grid = up.ticks.map(
    (tick) =>
      `<path class="grid" d="M${LEFT} ${px(y(tick))}H${WIDTH - RIGHT}"/>` +
      `<text x="${LEFT - 8}" y="${px(y(tick) + 4)}" text-anchor="end">${tick.toFixed(up.digits)}</text>`,
  );
  const foot = across.map(
    (tick) =>
      `<path class="axis" d="M${px(x(tick))} ${HEIGHT - BOTTOM}v5"/>` +
      `<text x="${px(x(tick))}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${tick}</text>`,
  );
  const lines = series.map(({ label: name, className, values }) => {
    const path = `<path class="line ${className}" d="${linePath(values, x, y)}"/>`;
    const dot = (value: number, frame: number) =>
      Number.isFinite(value)
        ? `<circle class="${className}" cx="${px(x(frame))}" cy="${px(y(value))}" r="2.5"><title>${escapeText(name)}, frame ${frame}: ${value.toFixed(up.digits + 1)}</title></circle>`
        : '';
    return path + (frames <= MOST_DOTS ? values.map(dot).join('') : '');
  });
  const middle = (TOP + HEIGHT - BOTTOM) / 2;
  return [
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeText(title)}">`,
    ...grid,
    `<path class="axis" d="M${LEFT} ${TOP}V${HEIGHT - BOTTOM}H${WIDTH - RIGHT}"/>`,
    ...foot,
    `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 5}" text-anchor="middle">frame</text>`,
    `<text transform="translate(13 ${middle}) rotate(-90)" text-anchor="middle">${escapeText(label)}</text>`,
    ...lines,
    '</svg>',
  ].join('');
}

/** Text for HTML, in elements and in quoted attributes. */
export function escapeText(text: string): string {
  const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return text.replace(/[&<>"]/g, (character) => entities[character] ?? character);
}

/** The least step of 1, 2 or 5 times a power of ten that is not below `least`. */
export function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  const factor = [1, 2, 5].find((candidate) => candidate * power >= least * (1 - 1e-9)) ?? 10;
  return factor * power;
}

function valueTicks(values: readonly number[], digits: number) {
  const [least, most] = values.length === 0 ? [0, 1] : [values.reduce(min), values.reduce(max)];
  const smallest = 10 ** -digits;
  const step = niceStep(Math.max((most - least) / 4, smallest));
  const first = Math.floor(least / step + 1e-9);
  const last = Math.max(Math.ceil(most / step - 1e-9), first + 1);
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
  return { from: first * step, to: last * step, ticks, digits: Math.max(0, Math.ceil(-Math.log10(step) - 1e-9)) };
}

function frameTicks(frames: number): readonly number[] {
  const step = Math.max(1, niceStep(frames / 8));
  return Array.from({ length: Math.ceil(frames / step) }, (_, i) => i * step);
}

function linePath(values: readonly number[], x: (frame: number) => number, y: (value: number) => number): string {
  let pen = 'M';
  let path = '';
  for (const [frame, value] of values.entries()) {
    if (Number.isFinite(value)) {
      path += `${pen}${px(x(frame))} ${px(y(value))}`;
      pen = 'L';
    } else {
      pen = 'M';
    }
  }
  return path;
}

function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function min(a: number, b: number): number {
  return Math.min(a, b);
}

function max(a: number, b: number): number {
  return Math.max(a, b);
}
