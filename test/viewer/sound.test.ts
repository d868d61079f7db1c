/** Sound in the viewer: from a real camera's server through Limpid into a real browser, in step with the pictures. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { LimpidProcess } from '../e2e/limpid-process.js';
import { avOffsets, makeSyncClip, SYNC_FPS } from '../fixtures/av-sync.mjs';
import { startRtspServer } from '../fixtures/rtsp-server.js';
import { scratchFolder } from '../fixtures/video-files.js';
import { chromiumPath, launchBrowser, ViewerPage } from './page.js';

/** After how much of each second of the clip it clicks, and what its pictures' luma says then (av-sync.mjs). */
const CLICK_PHASE = 0.48;
/** A click is placed by the picture that is shown when it is noticed, and by one animation frame of the page. */
const TOLERANCE_S = 2.5 / SYNC_FPS;
const CLICKS = 6;

const folder = scratchFolder('viewer-sound');
const clip = join(folder, 'clip.mkv');

describe.skipIf(chromiumPath === undefined)('sound in the viewer', () => {
  let browser: Browser;
  const open: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    makeSyncClip(clip, { seconds: 120, audio: ['-c:a', 'pcm_s16le'] });
    browser = await launchBrowser();
  });
  afterAll(() => browser?.close());
  afterEach(async () => {
    for (const close of open.splice(0).reverse()) {
      await close();
    }
  });

  it.each([
    ['AAC', 'aac'],
    ['Opus', 'opus'],
    ['A-law', 'alaw'],
  ] as const)('plays %s with the pictures of its time', async (name, audio) => {
    const camera = await startRtspServer({ file: clip, width: 160, height: 96, fps: SYNC_FPS, gop: 1, audio });
    open.push(() => camera.dispose());
    const config = join(folder, `${audio}.yaml`);
    const stream = `{ name: gate, source: "${camera.uri}", sourceOptions: { transport: tcp }, model: bypass }`;
    writeFileSync(config, `server: { port: 0 }\nstreams: [${stream}]\n`);
    const limpid = new LimpidProcess(['run', config]);
    open.push(() => limpid.dispose());
    const viewer = await ViewerPage.open(browser, 'about:blank');
    open.push(() => viewer.close());
    await viewer.page.addInitScript(watchSound);
    await viewer.page.goto(await limpid.url());
    await viewer.state('live');
    await viewer.page.locator('#sound[aria-disabled="false"]').waitFor();
    await viewer.page.click('#sound');
    expect(await viewer.page.getAttribute('#sound', 'aria-pressed')).toBe('true');
    // On a loaded machine pictures may be late at first.
    await expect.poll(() => lateness(viewer), { interval: 250 }).toBeLessThan(TOLERANCE_S);
    await viewer.page.click('#toggle-statistics');
    expect(await viewer.page.waitForFunction(readDetail, 'sound').then((row) => row.jsonValue())).toBe(name);
    // Turned off, nothing more comes; the pictures go on.
    await viewer.page.click('#sound');
    await viewer.page.waitForFunction(() => (globalThis as unknown as Watched).element?.src === '');
    await viewer.state('live');
    expect(viewer.problems).toEqual([]);
  });

  it('is in a recording of the page, with the pictures of its time', async () => {
    const camera = await startRtspServer({ file: clip, width: 160, height: 96, fps: SYNC_FPS, gop: 1, audio: 'aac' });
    open.push(() => camera.dispose());
    const config = join(folder, 'recorded.yaml');
    const stream = `{ name: gate, source: "${camera.uri}", sourceOptions: { transport: tcp }, model: bypass }`;
    writeFileSync(config, `server: { port: 0 }\nstreams: [${stream}]\n`);
    const limpid = new LimpidProcess(['run', config]);
    open.push(() => limpid.dispose());
    const viewer = await ViewerPage.open(browser, 'about:blank');
    open.push(() => viewer.close());
    const { page } = viewer;
    await page.addInitScript(keepSound);
    await page.goto(await limpid.url());
    await viewer.state('live');
    await page.locator('#sound[aria-disabled="false"]').waitFor();
    await page.keyboard.press('2');
    await page.click('#sound');
    await page.waitForFunction(hasPlayed, 3);
    await page.keyboard.press('r');
    await page.waitForFunction(hasPlayed, 9);
    const waiting = page.waitForEvent('download');
    await page.keyboard.press('r');
    const recording = join(folder, 'page-recording');
    await (await waiting).saveAs(recording);
    const offsets = avOffsets(recording).map(({ offsetMs }) => offsetMs);
    expect(offsets.length).toBeGreaterThanOrEqual(3);
    offsets.sort((a, b) => a - b);
    expect(Math.abs(offsets[offsets.length >> 1] ?? Number.NaN)).toBeLessThan(1000 * TOLERANCE_S);
    expect(viewer.problems).toEqual([]);
  });
});

/** How far from their pictures the last clicks were heard, s: the median, whichever way; infinite before there are enough. */
async function lateness({ page }: ViewerPage): Promise<number> {
  const clicks = await page.evaluate(() => (globalThis as unknown as Watched).clicks);
  const late = clicks.slice(-CLICKS).map((phase) => phase - CLICK_PHASE);
  late.sort((a, b) => a - b);
  return late.length < CLICKS ? Number.POSITIVE_INFINITY : Math.abs(late[CLICKS >> 1] ?? Number.NaN);
}

/** Runs in the page: a row of the statistics, once it is there. */
function readDetail(term: string): string | null | undefined {
  const rows = [...document.querySelectorAll('#details div')];
  return rows.find((row) => row.querySelector('dt')?.textContent === term)?.querySelector('dd')?.textContent;
}

interface Watched {
  /** Phases of the clip's second that the pictures told when a click began. */
  clicks: number[];
  element?: HTMLAudioElement;
}

/** Runs in the page: remembers the element that plays the sound. */
function keepSound(): void {
  const watched = globalThis as unknown as Watched;
  const { play } = HTMLMediaElement.prototype;
  HTMLMediaElement.prototype.play = function kept(this: HTMLMediaElement) {
    if (this instanceof HTMLAudioElement) {
      watched.element = this;
    }
    return play.call(this);
  };
}

/** Runs in the page: whether so many seconds of sound have been played. */
function hasPlayed(seconds: number): boolean {
  const played = (globalThis as unknown as Watched).element?.played;
  let sum = 0;
  for (let i = 0; played !== undefined && i < played.length; i += 1) {
    sum += played.end(i) - played.start(i);
  }
  return sum >= seconds;
}

/** Runs in the page: listens to the sound that it plays, and reads off the picture when it clicks. */
function watchSound(): void {
  const watched = globalThis as unknown as Watched;
  watched.clicks = [];
  const play = HTMLMediaElement.prototype.play;
  HTMLMediaElement.prototype.play = function listened(this: HTMLMediaElement) {
    if (this instanceof HTMLAudioElement && watched.element === undefined) {
      watched.element = this;
      listen(this);
    }
    return play.call(this);
  };

  function listen(element: HTMLAudioElement): void {
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    context.createMediaElementSource(element).connect(analyser).connect(context.destination);
    // A third of a second: a page that is slow looks back at what it has missed.
    analyser.fftSize = 16_384;
    const samples = new Float32Array(analyser.fftSize);
    let lastS = Number.NEGATIVE_INFINITY;
    const look = () => {
      analyser.getFloatTimeDomainData(samples);
      const at = samples.findIndex((sample) => Math.abs(sample) > 0.2);
      const agoS = (samples.length - at) / context.sampleRate;
      const clickS = context.currentTime - agoS;
      if (at >= 0 && clickS > lastS + 0.5) {
        lastS = clickS;
        watched.clicks.push((phaseOfPicture() - agoS + 1) % 1);
      }
      requestAnimationFrame(look);
    };
    look();
  }

  /** Luma rises by 8 of 219 a frame, from 20, 25 frames a second. */
  function phaseOfPicture(): number {
    const canvas = document.querySelector('canvas');
    const data = canvas?.getContext('2d')?.getImageData(canvas.width >> 2, canvas.height >> 1, 1, 1).data;
    return Math.round((((data?.[1] ?? 0) * 219) / 255 + 16 - 20) / 8) / 25;
  }
}
