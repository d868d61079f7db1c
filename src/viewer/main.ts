/**
 * The viewer page: connects the line to the server with the picture, the split and the figures below it.
 */
import type { HelloMessage, StateMessage } from '../wire/json-message.js';
import { Connection, type Phase } from './connection.js';
import { element } from './element.js';
import { FrameStatistics } from './frame-statistics.js';
import { PictureDecoder } from './picture-decoder.js';
import { adoptToken, type StreamSummary, storeToken } from './server-api.js';
import { pageTimeMs } from './server-clock.js';
import { controlSplit } from './split-control.js';
import { Stage, type Zoom } from './stage.js';
import { wordsFor } from './words.js';

const REFRESH_MS = 500;

adoptToken();
const page = document.documentElement.dataset;
const stage = new Stage({
  viewport: element('viewport', HTMLElement),
  scroller: element('scroller', HTMLElement),
  canvas: element('picture', HTMLCanvasElement),
  overlay: element('overlay', HTMLElement),
  sideSource: element('side-source', HTMLElement),
  sideRestored: element('side-restored', HTMLElement),
  split: element('split', HTMLElement),
});
const split = element('split', HTMLElement);
controlSplit(stage, { split, canvas: element('picture', HTMLElement), scroller: element('scroller', HTMLElement) });

let phase: Phase = { kind: 'connecting' };
let hello: HelloMessage | undefined;
let state: StateMessage | undefined;
let statistics = new FrameStatistics();

const decoder = new PictureDecoder((pair) => {
  const { header } = pair;
  stage.show(pair);
  const serverMs = connection.clock.at(pageTimeMs());
  statistics.note(
    header.seq,
    performance.now(),
    serverMs === undefined ? undefined : Math.max(0, serverMs - header.captureTimeMs),
  );
  element('overlay', HTMLElement).hidden = false;
  setText('tag-source', `source ${header.sourceWidth}×${header.sourceHeight}`);
  setText('tag-restored', `restored ${header.width}×${header.height}`);
  page.seq = String(header.seq);
  page.frames = String(statistics.figures(performance.now()).shown);
});

const connection = new Connection({
  phase(next) {
    phase = next;
    if (next.kind !== 'open') {
      state = undefined;
      statistics.interrupt();
    }
    refresh();
    if (next.kind === 'token-needed') {
      element('token', HTMLInputElement).focus();
    }
  },
  streams: showStreams,
  hello(next) {
    hello = next;
    refresh();
  },
  state(next) {
    state = next;
    refresh();
  },
  frame(frame) {
    // Nobody sees a hidden page: it decodes nothing, and shows the present as soon as it is seen again.
    if (document.hidden) {
      decoder.clear();
      statistics.interrupt();
      return;
    }
    decoder.offer(frame);
  },
});

function showStreams(streams: readonly StreamSummary[], current: string): void {
  const select = element('streams', HTMLSelectElement);
  select.replaceChildren(...streams.map(({ name }) => new Option(name, name, false, name === current)));
  element('chooser', HTMLElement).hidden = streams.length < 2;
  setText('stream-name', streams.length < 2 ? current : '');
  document.title = `${current} · Limpid`;
}

function refresh(): void {
  const now = performance.now();
  const words = wordsFor(phase, state, now);
  setText('state-text', words.title);
  element('state', HTMLElement).dataset.tone = words.tone;
  setText('notice-title', words.title);
  setText('notice-reason', words.reason);
  element('notice', HTMLElement).hidden = !words.covers;
  element('viewport', HTMLElement).dataset.covered = String(words.covers);
  element('token-form', HTMLElement).hidden = phase.kind !== 'token-needed';
  page.state = phase.kind === 'open' ? (state?.state ?? 'open') : phase.kind;

  const figures = statistics.figures(now);
  setText('fps-shown', figures.shown === 0 ? '–' : `${figures.fps.toFixed(1)} fps`);
  setText('fps-source', state === undefined ? '–' : `${state.fpsIn.toFixed(1)} fps`);
  setText('latency', figures.latencyMs === undefined ? '–' : `${Math.round(figures.latencyMs)} ms`);
  setText('skipped', figures.shown === 0 ? '–' : skippedWords(figures.skipped, figures.shown));
  setText('model', hello === undefined ? '–' : [...new Set([hello.model, hello.engine])].join(' · '));
}

function skippedWords(skipped: number, shown: number): string {
  const share = Math.round((skipped * 100) / Math.max(1, skipped + shown));
  return skipped === 0 ? '0' : `${skipped.toLocaleString('en')} (${share} %)`;
}

function setText(id: string, text: string): void {
  const target = element(id, HTMLElement);
  if (target.textContent !== text) {
    target.textContent = text;
  }
}

function setZoom(zoom: Zoom): void {
  stage.zoom = zoom;
  element('zoom-fit', HTMLElement).setAttribute('aria-pressed', String(zoom === 'fit'));
  element('zoom-actual', HTMLElement).setAttribute('aria-pressed', String(zoom === 'actual'));
}

element('zoom-fit', HTMLElement).addEventListener('click', () => setZoom('fit'));
element('zoom-actual', HTMLElement).addEventListener('click', () => setZoom('actual'));
addEventListener('keydown', (event) => {
  const typing = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
  if (event.key.toLowerCase() === 'z' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    setZoom(stage.zoom === 'fit' ? 'actual' : 'fit');
  }
});
element('streams', HTMLSelectElement).addEventListener('change', ({ currentTarget }) => {
  if (currentTarget instanceof HTMLSelectElement) {
    statistics = new FrameStatistics();
    connection.watch(currentTarget.value);
  }
});
element('token-form', HTMLFormElement).addEventListener('submit', (event) => {
  event.preventDefault();
  storeToken(element('token', HTMLInputElement).value);
  connection.reconnect();
});

setInterval(refresh, REFRESH_MS);
connection.watch(new URL(location.href).searchParams.get('stream') ?? undefined);
