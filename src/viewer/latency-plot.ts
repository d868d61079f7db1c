/**
 * Where the last frames' time went, as a stacked plot: in the server, on the line, in this page.
 */

/** One frame's way, ms. */
export interface LatencySample {
  /** Decoded source picture → message sent. */
  readonly serverMs: number;
  /** Sent → received; 0 while the server's clock is unknown. */
  readonly networkMs: number;
  /** Received → on the canvas. */
  readonly pageMs: number;
}

/** Frames the plot shows, one column each. */
const COLUMNS = 150;
/** Least height of the scale, ms. */
const LEAST_SCALE_MS = 50;

/** Keeps the last frames' times and draws them. */
export class LatencyPlot {
  readonly #canvas: HTMLCanvasElement;
  #samples: readonly LatencySample[] = [];

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
    canvas.width = COLUMNS * 2;
    canvas.height = 96;
  }

  note(sample: LatencySample): void {
    this.#samples = [...this.#samples.slice(1 - COLUMNS), sample];
  }

  clear(): void {
    this.#samples = [];
  }

  /** The height of the scale, ms. */
  draw(): number {
    const { width, height } = this.#canvas;
    const style = getComputedStyle(this.#canvas);
    const colours = ['--plot-server', '--plot-network', '--plot-page'].map((name) => style.getPropertyValue(name));
    const context = this.#canvas.getContext('2d');
    const scaleMs = niceScale(Math.max(LEAST_SCALE_MS, ...this.#samples.map(totalMs)));
    context?.clearRect(0, 0, width, height);
    const first = COLUMNS - this.#samples.length;
    this.#samples.forEach(({ serverMs, networkMs, pageMs }, index) => {
      let bottom = height;
      [serverMs, networkMs, pageMs].forEach((partMs, part) => {
        const tall = (partMs / scaleMs) * height;
        bottom -= tall;
        if (context !== null) {
          context.fillStyle = colours[part] ?? '';
          context.fillRect((first + index) * 2, bottom, 2, tall);
        }
      });
    });
    return scaleMs;
  }
}

function totalMs({ serverMs, networkMs, pageMs }: LatencySample): number {
  return serverMs + networkMs + pageMs;
}

/** 50, 100, 200, 500, 1000, … */
function niceScale(ms: number): number {
  const power = 10 ** Math.floor(Math.log10(ms));
  return [1, 2, 5, 10].map((step) => step * power).find((scale) => scale >= ms) ?? ms;
}
