/**
 * The figures of the page: the row below the picture and the statistics over it.
 */
import type { FrameMessage } from '../wire/frame-message.js';
import type { HelloMessage, StateMessage } from '../wire/json-message.js';
import { CODEC_NAMES } from './codec-choice.js';
import { element, setText } from './element.js';
import { BitRate, FrameStatistics } from './frame-statistics.js';
import { LatencyPlot } from './latency-plot.js';

/** Collects what is known of frames and writes it where people look. */
export class Figures {
  readonly #plot = new LatencyPlot(element('plot', HTMLCanvasElement));
  readonly #panel = element('statistics-panel', HTMLElement);
  readonly #received = new Map<number, number>();
  #statistics = new FrameStatistics();
  #bitRate = new BitRate();

  get panelVisible(): boolean {
    return !this.#panel.hidden;
  }

  set panelVisible(visible: boolean) {
    this.#panel.hidden = !visible;
  }

  get shown(): number {
    return this.#statistics.figures(performance.now()).shown;
  }

  /** A frame message came. */
  received(frame: FrameMessage): void {
    const now = performance.now();
    this.#bitRate.note(frame.payload.byteLength + frame.sourcePayload.byteLength, now);
    this.#received.set(frame.seq, now);
    const [oldest] = this.#received.keys();
    if (this.#received.size > 100 && oldest !== undefined) {
      this.#received.delete(oldest);
    }
  }

  /** A live frame is on the canvas; `serverMs` is the server's time now, where it is known. */
  drawn({ seq, captureTimeMs, sentTimeMs, latencyMs }: FrameMessageTimes, serverMs: number | undefined): void {
    const now = performance.now();
    this.#statistics.note(seq, now, serverMs === undefined ? undefined : Math.max(0, serverMs - captureTimeMs));
    const pageMs = now - (this.#received.get(seq) ?? now);
    this.#received.delete(seq);
    const networkMs = serverMs === undefined ? 0 : Math.max(0, serverMs - pageMs - sentTimeMs);
    this.#plot.note({ serverMs: latencyMs, networkMs, pageMs });
    setText('stage-server', `${Math.round(latencyMs)} ms`);
    setText('stage-network', `${Math.round(networkMs)} ms`);
    setText('stage-page', `${Math.round(pageMs)} ms`);
  }

  /** The next frame does not follow on the last one. */
  interrupt(): void {
    this.#statistics.interrupt();
  }

  /** Another stream or codec. */
  reset(): void {
    this.#statistics = new FrameStatistics();
    this.#bitRate = new BitRate();
    this.#plot.clear();
    this.#received.clear();
  }

  refresh(hello: HelloMessage | undefined, state: StateMessage | undefined): void {
    const now = performance.now();
    const figures = this.#statistics.figures(now);
    const shown = figures.shown === 0 ? '–' : `${figures.fps.toFixed(1)} fps`;
    const source = state === undefined ? '–' : `${state.fpsIn.toFixed(1)} fps`;
    setText('fps-shown', shown);
    setText('fps-source', source);
    setText('latency', figures.latencyMs === undefined ? '–' : `${Math.round(figures.latencyMs)} ms`);
    setText('skipped', figures.shown === 0 ? '–' : skippedWords(figures.skipped, figures.shown));
    setText('model', hello === undefined ? '–' : [...new Set([hello.model, hello.engine])].join(' · '));
    if (this.panelVisible) {
      setText('plot-scale', `${this.#plot.draw()} ms`);
      this.#writeDetails(hello, state, shown, source, this.#bitRate.megabits(now));
    }
  }

  #writeDetails(
    hello: HelloMessage | undefined,
    state: StateMessage | undefined,
    shown: string,
    source: string,
    megabits: number,
  ): void {
    const rows: [string, string][] = [
      ['source', source],
      ['restored', state === undefined ? '–' : `${state.fpsRestored.toFixed(1)} fps`],
      ['shown', shown],
      ['not restored', state?.framesSkipped.toLocaleString('en') ?? '–'],
      ['lost on the line', state?.framesDropped.toLocaleString('en') ?? '–'],
      ['bit rate', `${megabits.toFixed(1)} Mbit/s`],
      ['codec', hello === undefined ? '–' : CODEC_NAMES[hello.codec]],
      ['sound', state?.audio ?? 'none'],
      ...Object.entries(state?.stageMs ?? {}).map(([stage, ms]): [string, string] => [
        `${stage}, median`,
        `${Math.round(ms)} ms`,
      ]),
      ['look-ahead', hello === undefined ? '–' : `${hello.latencyFrames} frames`],
      ['model', hello?.model ?? '–'],
      ['engine', hello?.engine ?? '–'],
    ];
    element('details', HTMLElement).replaceChildren(
      ...rows.map(([name, value]) => {
        const row = document.createElement('div');
        const term = document.createElement('dt');
        const figure = document.createElement('dd');
        term.textContent = name;
        figure.textContent = value;
        row.append(term, figure);
        return row;
      }),
    );
  }
}

type FrameMessageTimes = Pick<FrameMessage, 'seq' | 'captureTimeMs' | 'sentTimeMs' | 'latencyMs'>;

function skippedWords(skipped: number, shown: number): string {
  const share = Math.round((skipped * 100) / Math.max(1, skipped + shown));
  return skipped === 0 ? '0' : `${skipped.toLocaleString('en')} (${share} %)`;
}
