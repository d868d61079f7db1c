/**
 * The viewer page: puts the parts together and keeps what is written on the page up to date.
 */
import { CODEC_NAMES, type CodecPreference, storedPreference, storePreference } from './codec-choice.js';
import { listenForKeys, Toolbar, writeHelp } from './commands.js';
import type { DecodedPair } from './drawable.js';
import { element, setText } from './element.js';
import { Figures } from './figures.js';
import { Grid } from './grid.js';
import { Loupe } from './loupe.js';
import { pictureInPictureAvailable, togglePictureInPicture } from './picture-in-picture.js';
import { CanvasRecorder, download, pairAsPng } from './save-picture.js';
import { adoptToken, type StreamSummary, storeToken } from './server-api.js';
import { controlSplit } from './split-control.js';
import { Stage } from './stage.js';
import { Viewer } from './viewer.js';
import { GROUPS, viewerCommands } from './viewer-commands.js';
import { wordsFor, wordsForGrid } from './words.js';

const REFRESH_MS = 500;

adoptToken();
const page = document.documentElement.dataset;
const viewport = element('viewport', HTMLElement);
const canvas = element('picture', HTMLCanvasElement);
const scroller = element('scroller', HTMLElement);
const split = element('split', HTMLElement);
const stage = new Stage({
  viewport,
  scroller,
  canvas,
  overlay: element('overlay', HTMLElement),
  sideSource: element('side-source', HTMLElement),
  sideRestored: element('side-restored', HTMLElement),
  split,
});
controlSplit(stage, { split, canvas, scroller });
const figures = new Figures();
const loupe = new Loupe(element('loupe', HTMLCanvasElement));
const preference = storedPreference();
const viewer = new Viewer(stage, figures, new Audio(), preference, {
  changed: refresh,
  streams: showStreams,
  shown,
});
const recorder = new CanvasRecorder(
  canvas,
  () => stage.redraw(),
  (recording, extension) => {
    download(recording, fileName(extension));
    refresh();
  },
);
const grid = new Grid(element('grid-tiles', HTMLElement), (stream) => {
  closeGrid();
  void viewer.watch(stream);
});
let streams: readonly StreamSummary[] = [];

const commands = viewerCommands({
  stage,
  viewer,
  changed: refresh,
  loupe: {
    get visible() {
      return loupe.visible;
    },
    set visible(visible) {
      loupe.visible = visible;
      loupe.draw(stage.pair);
    },
  },
  figures,
  grid,
  recorder,
  snapshot: () => void saveSnapshot(),
  toggleRecording() {
    if (recorder.recording) {
      recorder.stop();
    } else {
      recorder.start(viewer.sound.track());
    }
    refresh();
  },
  ...(pictureInPictureAvailable()
    ? { pictureInPicture: () => void togglePictureInPicture(canvas, () => stage.redraw()) }
    : {}),
  toggleFullscreen() {
    void (document.fullscreenElement === null
      ? document.documentElement.requestFullscreen()
      : document.exitFullscreen());
  },
  toggleGrid() {
    if (grid.visible) {
      closeGrid();
      void viewer.watch(viewer.stream);
    } else {
      viewport.hidden = true;
      viewer.hangUp();
      grid.open(streams, viewer.codec);
      refresh();
    }
  },
  showHelp: () => element('help-dialog', HTMLDialogElement).showModal(),
});
const toolbar = new Toolbar(element('toolbar', HTMLElement), commands, GROUPS);
listenForKeys(commands);
writeHelp(element('help-keys', HTMLElement), commands);

function shown(pair: DecodedPair): void {
  const { header } = pair;
  element('overlay', HTMLElement).hidden = false;
  loupe.draw(pair);
  setText('tag-source', `source ${header.sourceWidth}×${header.sourceHeight}`);
  setText('tag-restored', `restored ${header.width}×${header.height}`);
  page.seq = String(header.seq);
  page.frames = String(figures.shown);
}

function showStreams(list: readonly StreamSummary[], current: string): void {
  streams = list;
  const select = element('streams', HTMLSelectElement);
  select.replaceChildren(...list.map(({ name }) => new Option(name, name, false, name === current)));
  element('chooser', HTMLElement).hidden = list.length < 2;
  setText('stream-name', list.length < 2 ? current : '');
  document.title = `${current} · Limpid`;
}

function refresh(): void {
  const now = performance.now();
  const { phase, state, hello, playback } = viewer;
  const words = grid.visible ? wordsForGrid(grid.census) : wordsFor(phase, state, now);
  const paused = playback.paused && !grid.visible;
  const covers = words.covers && !paused;
  setText('state-text', paused ? 'Paused' : words.title);
  element('state', HTMLElement).dataset.tone = paused ? 'busy' : words.tone;
  setText('notice-title', words.title);
  setText('notice-reason', words.reason);
  element('notice', HTMLElement).hidden = !covers;
  viewport.dataset.covered = String(covers);
  const form = element('token-form', HTMLElement);
  if (form.hidden && phase.kind === 'token-needed') {
    form.hidden = false;
    element('token', HTMLInputElement).focus();
  }
  form.hidden = phase.kind !== 'token-needed';
  page.state = phase.kind === 'open' ? (state?.state ?? 'open') : phase.kind;
  page.codec = hello?.codec ?? '';
  const { position } = playback;
  const { refused } = viewer.sound;
  element('paused', HTMLElement).hidden = grid.visible || (position === undefined && refused === undefined);
  setText('paused-newer', position === undefined ? '' : `· ${position.missed} newer`);
  if (position !== undefined) {
    setText('paused-text', `frame ${position.frame} of ${position.count}`);
  } else if (refused !== undefined) {
    setText('paused-text', `No sound: this browser doesn't play ${refused}`);
  }
  const auto = element('codec', HTMLSelectElement).options[0];
  if (auto !== undefined && hello !== undefined) {
    auto.text = codecSelect.value === 'auto' ? `Auto (${CODEC_NAMES[hello.codec]})` : 'Auto';
  }
  figures.refresh(hello, state);
  toolbar.refresh();
}

function closeGrid(): void {
  grid.close();
  viewport.hidden = false;
}

async function saveSnapshot(): Promise<void> {
  if (stage.pair !== undefined) {
    download(await pairAsPng(stage.pair), fileName('png'));
  }
}

/** limpid-gate-1234.png: stream and frame. */
function fileName(extension: string): string {
  return `limpid-${viewer.stream}-${page.seq ?? '0'}.${extension}`;
}

viewport.addEventListener('pointermove', ({ clientX, clientY }) => {
  const { x, y } = stage.placeAt(clientX, clientY);
  loupe.lookAt(x, y);
  loupe.draw(stage.pair);
});
scroller.addEventListener(
  'wheel',
  (event) => {
    if (event.ctrlKey) {
      event.preventDefault();
      commands.find(({ id }) => id === (event.deltaY < 0 ? 'zoom-in' : 'zoom-out'))?.run();
    }
  },
  { passive: false },
);
const codecSelect = element('codec', HTMLSelectElement);
codecSelect.value = preference;
codecSelect.addEventListener('change', () => {
  const chosen = codecSelect.value as CodecPreference;
  storePreference(chosen);
  void viewer.prefer(chosen);
});
element('streams', HTMLSelectElement).addEventListener('change', ({ currentTarget }) => {
  if (currentTarget instanceof HTMLSelectElement) {
    closeGrid();
    void viewer.watch(currentTarget.value);
  }
});
element('token-form', HTMLFormElement).addEventListener('submit', (event) => {
  event.preventDefault();
  storeToken(element('token', HTMLInputElement).value);
  viewer.reconnect();
});

setInterval(refresh, REFRESH_MS);
void viewer.watch(new URL(location.href).searchParams.get('stream') ?? undefined);
