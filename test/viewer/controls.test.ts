import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Browser } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { silentLog } from '../../src/log/log.js';
import { packageFile } from '../../src/media/package-file.js';
import { type RunningServer, startServer } from '../../src/server/server.js';
import { SyntheticStream } from '../server/synthetic-stream.js';
import { chromiumPath, launchBrowser, PATIENT, ViewerPage, viewerDirectory } from './page.js';
import { restoredScene, sourceScene } from './scene.js';

const run = promisify(execFile);

/** A picture whose colour says its number: what H.264 and JPEG blur stays far below the steps. */
const marked = (_x: number, _y: number, seq: number): [number, number, number] => [
  40 + (seq % 4) * 50,
  40 + (Math.floor(seq / 4) % 4) * 50,
  120,
];
/** Most that codecs change a flat colour, of 255. */
const CODEC_ERROR = 8;
/** How often a recording is made until it holds what it is to hold. */
const MOST_ATTEMPTS = 6;

describe.skipIf(chromiumPath === undefined)('viewer controls', () => {
  let browser: Browser;
  let server: RunningServer;
  let gate: SyntheticStream;
  let yard: SyntheticStream;
  const pages: ViewerPage[] = [];

  beforeAll(async () => {
    gate = new SyntheticStream({ sourceWidth: 160, sourceHeight: 90 });
    yard = new SyntheticStream({ name: 'yard' });
    server = await startServer({
      streams: [gate, yard],
      log: silentLog,
      port: 0,
      viewerDirectory,
      allowedHosts: ['camera.test'],
      allowUnauthenticated: true,
      ...PATIENT,
    });
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });
  afterEach(() => Promise.all(pages.splice(0).map((page) => page.close())));

  async function view(codec = 'jpeg', options: Parameters<typeof ViewerPage.open>[2] = {}): Promise<ViewerPage> {
    const viewer = await ViewerPage.open(browser, server.url, options);
    pages.push(viewer);
    await viewer.state('live');
    // This machine is a secure context, so the page has chosen H.264 by itself.
    expect(await viewer.page.evaluate(() => document.documentElement.dataset.codec)).toBe('h264');
    if (codec !== 'h264') {
      await viewer.page.locator('#codec').selectOption(codec);
      await viewer.page.waitForFunction((wanted) => document.documentElement.dataset.codec === wanted, codec);
    }
    return viewer;
  }

  async function expectMarked(viewer: ViewerPage, seq: number): Promise<void> {
    const pixel = await viewer.pixel(0.75);
    const wanted = marked(0, 0, seq);
    expect(Math.max(...wanted.map((value, channel) => Math.abs(value - (pixel[channel] ?? 0))))).toBeLessThan(
      CODEC_ERROR,
    );
  }

  /**
   * A recording of the page that is made meanwhile; made anew where a slow machine has encoded fewer than so many frames by
   * then.
   */
  async function recording(
    { page }: ViewerPage,
    least: number,
    meanwhile: (attempt: number) => Promise<void>,
  ): Promise<{ readonly name: string; readonly size: string; readonly frames: number }> {
    for (let attempt = 1; ; attempt += 1) {
      await page.keyboard.press('r');
      await meanwhile(attempt);
      const waiting = page.waitForEvent('download');
      await page.keyboard.press('r');
      const download = await waiting;
      const entries = ['-count_frames', '-show_entries', 'stream=width,height,nb_read_frames', '-of', 'csv=p=0'];
      const file = await download.path();
      const probe = run('ffprobe', ['-v', 'error', '-select_streams', 'v', ...entries, file]);
      // A file without a frame is none to ffprobe.
      const { stdout } = await probe.catch(() => ({ stdout: '' }));
      const [width, height, count] = (stdout.split('\n')[0] ?? '').split(',');
      const frames = Number.parseInt(count ?? '0', 10);
      if (frames >= least || attempt === MOST_ATTEMPTS) {
        return { name: download.suggestedFilename(), size: `${width},${height}`, frames };
      }
    }
  }

  it.each(['jpeg', 'h264', 'fmp4'])('shows each frame as its source within codec error: %s', async (codec) => {
    const viewer = await view(codec);
    for (let frame = 0; frame < 5; frame += 1) {
      await viewer.show(gate, marked, marked);
      await expectMarked(viewer, gate.status().framesIn);
    }
    await viewer.show(gate);
    await viewer.page.keyboard.press('3');
    expect(await viewer.sideAt(0.9)).toBe('source');
    await viewer.page.keyboard.press('2');
    expect(await viewer.sideAt(0.1)).toBe('restored');
    expect(viewer.problems).toEqual([]);
  });

  it.each(['jpeg', 'h264', 'fmp4'])(
    'pauses, steps back and forth, and is back at the present at once: %s',
    async (codec) => {
      const viewer = await view(codec);
      const { page } = viewer;
      for (let frame = 0; frame < 4; frame += 1) {
        await viewer.show(gate, marked, marked);
      }
      const last = gate.status().framesIn;
      const shows = (seq: number) =>
        page.waitForFunction((wanted) => document.documentElement.dataset.seq === wanted, String(seq));
      await page.keyboard.press('Space');
      expect(await viewer.text('state-text')).toBe('Paused');
      gate.emit(marked, marked);
      await page.waitForFunction(() => document.querySelector('#paused')?.textContent?.includes('1 newer'));
      await page.keyboard.press(',');
      await shows(last - 1);
      await page.keyboard.press(',');
      await shows(last - 2);
      await expectMarked(viewer, last - 2);
      await page.keyboard.press('.');
      await shows(last - 1);
      await expectMarked(viewer, last - 1);
      await page.keyboard.press('n');
      // H.264 goes on with the key frame it asks for.
      const emitting = setInterval(() => gate.emit(marked, marked), 100);
      try {
        await page.waitForFunction((seq) => Number(document.documentElement.dataset.seq) > seq, last);
      } finally {
        clearInterval(emitting);
      }
      expect(await page.locator('#paused').isVisible()).toBe(false);
    },
  );

  it('plays H.264 in MP4 of its own accord where there is no WebCodecs: plain http from another machine', async () => {
    const viewer = await ViewerPage.open(browser, server.url.replace('127.0.0.1', 'camera.test'));
    pages.push(viewer);
    await viewer.state('live');
    expect(await viewer.page.evaluate(() => [isSecureContext, 'VideoDecoder' in globalThis])).toEqual([false, false]);
    expect(await viewer.page.evaluate(() => document.documentElement.dataset.codec)).toBe('fmp4');
    for (let frame = 0; frame < 3; frame += 1) {
      await viewer.show(gate, marked, marked);
      await expectMarked(viewer, gate.status().framesIn);
    }
    expect(await viewer.page.locator('#codec option').first().textContent()).toBe('Auto (H.264 in MP4)');
    // Chromium says of every such page that it ignores this header.
    expect(viewer.problems.filter((text) => !text.startsWith('The Cross-Origin-Opener-Policy'))).toEqual([]);
  });

  it('counts the frames that pass while paused, but not to screen readers', async () => {
    const viewer = await view();
    await viewer.show(gate);
    await viewer.page.keyboard.press(' ');
    const spoken = () => viewer.page.getByRole('status').allTextContents();
    const before = await spoken();
    expect(before).toEqual(['Paused', expect.stringMatching(/frame \d+ of \d+/)]);
    gate.emit();
    await viewer.page.locator('#paused').getByText('1 newer').waitFor();
    expect(await spoken()).toEqual(before);
  });

  it('saves the pair as PNG: source left, restored right', async () => {
    const viewer = await view();
    await viewer.show(gate);
    const waiting = viewer.page.waitForEvent('download');
    await viewer.page.keyboard.press('s');
    const download = await waiting;
    expect(download.suggestedFilename()).toBe(`limpid-gate-${gate.status().framesIn}.png`);
    const { data, info } = await sharp(await readFile(await download.path()))
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([1280, 360]);
    const red = (x: number) => data[(180 * info.width + x) * info.channels] ?? 0;
    expect(red(320)).toBeGreaterThan(180);
    expect(red(960)).toBeLessThan(60);
  });

  it('records the picture that stands still while paused', async () => {
    const viewer = await view();
    await viewer.show(gate);
    await viewer.page.keyboard.press(' ');
    const { frames } = await recording(viewer, 2, (attempt) => viewer.page.waitForTimeout(1500 * attempt));
    expect(frames).toBeGreaterThan(1);
  });

  it('gives the space bar back after a click, and leaves it to a button that the keyboard reached', async () => {
    const viewer = await view();
    await viewer.show(gate);
    const paused = () => viewer.page.locator('#pause').getAttribute('aria-pressed');
    await viewer.page.click('#toggle-statistics');
    await viewer.page.keyboard.press(' ');
    expect(await paused()).toBe('true');
    await viewer.page.keyboard.press(' ');
    expect(await paused()).toBe('false');
    await viewer.page.focus('#pause');
    await viewer.page.keyboard.press(' ');
    expect(await paused()).toBe('true');
    expect(await viewer.page.evaluate(() => document.activeElement?.id)).toBe('pause');
  });

  it('keeps the focus on a button that has nothing more to do, and does nothing by it', async () => {
    const viewer = await view();
    const { page } = viewer;
    await viewer.show(gate);
    const focused = () => page.evaluate(() => document.activeElement?.id);
    await page.focus('#zoom-in');
    for (let press = 0; press < 5; press += 1) {
      await page.keyboard.press('Enter');
    }
    expect(await page.isDisabled('#zoom-in')).toBe(true);
    expect(await focused()).toBe('zoom-in');
    await page.focus('#pause');
    await page.keyboard.press('Enter');
    await page.focus('#go-live');
    await page.keyboard.press('Enter');
    expect(await page.isDisabled('#go-live')).toBe(true);
    expect(await focused()).toBe('go-live');
    await page.focus('#step-forward');
    await page.keyboard.press('Enter');
    expect(await viewer.text('state-text')).toBe('Live');
  });

  it('records the picture as it is seen', async () => {
    const viewer = await view();
    await viewer.show(gate);
    const { name, size } = await recording(viewer, 1, async () => {
      expect(await viewer.page.locator('#record').getAttribute('aria-pressed')).toBe('true');
      for (let frame = 0; frame < 10; frame += 1) {
        await viewer.show(gate, sourceScene, restoredScene);
      }
    });
    expect(name).toMatch(/^limpid-gate-\d+\.(mp4|webm)$/);
    expect(size).toBe('640,360');
  });

  it('shows all streams in a grid, and opens the one that is clicked', async () => {
    const viewer = await view('jpeg', { viewport: { width: 1280, height: 800 } });
    const { page } = viewer;
    await viewer.show(gate);
    await page.keyboard.press(' ');
    expect(await viewer.text('state-text')).toBe('Paused');
    await page.keyboard.press('g');
    // What is done to one picture is out of reach, and what was paused of it is no state of the grid.
    for (const id of ['view-split', 'zoom-fit', 'pause', 'go-live', 'snapshot', 'record']) {
      expect(await page.isDisabled(`#${id}`), id).toBe(true);
    }
    for (const stream of [gate, yard]) {
      const tile = page.locator(`.tile[data-stream="${stream.name}"]`);
      await tile.getByText('Live').waitFor();
      const { frame } = stream.emit(sourceScene, restoredScene);
      await page.waitForFunction(
        ([name, seq]) => document.querySelector<HTMLElement>(`.tile[data-stream="${name}"]`)?.dataset.seq === seq,
        [stream.name, String(frame.seq)] as const,
      );
    }
    await viewer.screenshot('grid');
    // The page says how all fare; what it said of the one stream is gone.
    await page.waitForFunction(() => document.querySelector('#state-text')?.textContent === '2 live');
    expect(await viewer.text('latency')).toBe('–');
    yard.state = 'stalled';
    await page.waitForFunction(() => document.querySelector('#state-text')?.textContent === '1 of 2 live');
    yard.state = 'live';
    await page.locator('.tile[data-stream="yard"]').click();
    await page.waitForFunction(() => document.title === 'yard · Limpid');
    await viewer.state('live');
    await viewer.show(yard);
    expect(await page.locator('.tile').count()).toBe(0);
  });

  it('shows statistics, the loupe and the keys', async () => {
    const viewer = await view('jpeg', { colorScheme: 'light' });
    const { page } = viewer;
    await page.keyboard.press('i');
    await page.keyboard.press('l');
    await viewer.show(gate, sourceScene, restoredScene);
    await page.waitForFunction(() => /Mbit/.test(document.querySelector('#details')?.textContent ?? ''));
    expect(await viewer.text('details')).toContain('restored12.5 fps');
    expect(await viewer.text('details')).toContain('restore, median1 ms');
    await viewer.screenshot('statistics');
    await page.keyboard.press('?');
    expect(await page.getByRole('dialog', { name: 'Keyboard' }).isVisible()).toBe(true);
    await viewer.screenshot('help');
  });

  it('takes no keys while the help is open but the one that closes it', async () => {
    const viewer = await view();
    const { page } = viewer;
    await viewer.show(gate);
    await page.keyboard.press('?');
    for (const key of ['i', 'r', 'g']) {
      await page.keyboard.press(key);
    }
    await page.keyboard.press('Escape');
    expect(await page.getByRole('dialog').isVisible()).toBe(false);
    for (const id of ['toggle-statistics', 'record', 'toggle-grid']) {
      expect(await page.getAttribute(`#${id}`, 'aria-pressed'), id).toBe('false');
    }
    await page.keyboard.press('i');
    expect(await page.getAttribute('#toggle-statistics', 'aria-pressed')).toBe('true');
  });

  it.each(['dark', 'light'] as const)(
    'has no serious finding of axe-core, with everything open: %s',
    async (colorScheme) => {
      const viewer = await view('jpeg', { colorScheme });
      const { page } = viewer;
      await viewer.show(gate, sourceScene, restoredScene);
      // Evaluated, not added to the page, whose content security policy lets no other script in.
      await page.evaluate(await readFile(packageFile('node_modules/axe-core/axe.min.js'), 'utf8'));
      const findings = async () =>
        page.evaluate(async () => {
          const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: AxeViolation[] }> } };
          const { violations } = await axe.run();
          return violations
            .filter(({ impact }) => impact === 'serious' || impact === 'critical')
            .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
        });
      expect(await findings()).toEqual([]);
      for (const key of ['i', 'l', 'z', 'Space']) {
        await page.keyboard.press(key);
      }
      expect(await findings()).toEqual([]);
      await page.keyboard.press('?');
      expect(await findings()).toEqual([]);
      await page.getByRole('button', { name: 'Close' }).click();
      await page.keyboard.press('g');
      expect(await findings()).toEqual([]);
    },
  );
});

/** What axe-core says of one rule that is broken. */
interface AxeViolation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string }[];
}
