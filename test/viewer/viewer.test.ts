import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { silentLog } from '../../src/log/log.js';
import { type RunningServer, type StartServerOptions, startServer } from '../../src/server/server.js';
import { SyntheticStream } from '../server/synthetic-stream.js';
import { chromiumPath, launchBrowser, PATIENT, ViewerPage, viewerDirectory } from './page.js';
import { restoredScene, sourceScene } from './scene.js';

if (chromiumPath === undefined) {
  console.warn('SKIPPED: the viewer tests need Chromium; install the package "chromium" or set CHROMIUM_PATH');
}

describe.skipIf(chromiumPath === undefined)('viewer', () => {
  let browser: Browser;
  const open: { close(): Promise<void> }[] = [];

  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser?.close());
  afterEach(async () => {
    await Promise.all(open.splice(0).map((thing) => thing.close()));
  });

  async function serve(
    streams: readonly SyntheticStream[],
    options: Partial<StartServerOptions> = {},
  ): Promise<RunningServer> {
    const server = await startServer({ streams, log: silentLog, port: 0, viewerDirectory, ...PATIENT, ...options });
    open.push(server);
    return server;
  }

  async function view(url: string, options: Parameters<typeof ViewerPage.open>[2] = {}): Promise<ViewerPage> {
    const viewer = await ViewerPage.open(browser, url, options);
    open.push(viewer);
    return viewer;
  }

  /** Opens the grid and waits until so many streams are live in it. */
  async function openGrid(viewer: ViewerPage, live: number): Promise<void> {
    await viewer.state('live');
    await viewer.page.keyboard.press('g');
    await viewer.page.locator('#state-text').getByText(`${live} live`, { exact: true }).waitFor();
  }

  it('shows source and restored picture of the same frame, with their sizes and figures', async () => {
    const stream = new SyntheticStream({ sourceWidth: 320, sourceHeight: 180 });
    const server = await serve([stream]);
    const viewer = await view(server.url, { colorScheme: 'dark' });
    await viewer.state('live');
    // The page writes its figures twice a second.
    while (!/^\d+ ms$/.test(await viewer.text('latency')) || (await viewer.text('skipped')) === '0') {
      stream.skip(1);
      await viewer.show(stream);
    }
    expect(await viewer.text('tag-source')).toBe('source 320×180');
    expect(await viewer.text('tag-restored')).toBe('restored 1280×720');
    expect(await viewer.sideAt(0.2)).toBe('source');
    expect(await viewer.sideAt(0.8)).toBe('restored');
    expect(await viewer.text('skipped')).toMatch(/^\d+ \(\d+ %\)$/);
    expect(await viewer.text('fps-shown')).toMatch(/^\d+\.\d fps$/);
    expect(await viewer.text('fps-source')).toBe('25.0 fps');
    expect(await viewer.text('state-text')).toBe('Live');
    expect(viewer.problems).toEqual([]);
  });

  it('moves the split by mouse, by keyboard and by a click', async () => {
    const stream = new SyntheticStream();
    const server = await serve([stream]);
    const viewer = await view(server.url);
    const { page } = viewer;
    await viewer.state('live');
    await viewer.show(stream);
    const slider = page.getByRole('slider');
    const box = await page.locator('#picture').boundingBox();
    if (box === null) {
      throw new Error('the canvas is not on the page');
    }
    const middle = box.y + box.height / 2;
    expect([await viewer.sideAt(0.4), await viewer.sideAt(0.6)]).toEqual(['source', 'restored']);

    await page.mouse.move(box.x + box.width / 2, middle);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.25, middle, { steps: 5 });
    await page.mouse.up();
    expect(await slider.getAttribute('aria-valuenow')).toBe('25');
    expect(await slider.getAttribute('aria-valuetext')).toBe('25 % source, 75 % restored');
    expect([await viewer.sideAt(0.2), await viewer.sideAt(0.4)]).toEqual(['source', 'restored']);

    await slider.press('Home');
    expect(await viewer.sideAt(0.01)).toBe('restored');
    await slider.press('End');
    expect(await viewer.sideAt(0.99)).toBe('source');
    await slider.press('ArrowLeft');
    await slider.press('Shift+ArrowLeft');
    expect(await slider.getAttribute('aria-valuenow')).toBe('89');

    await page.mouse.click(box.x + box.width * 0.6, middle);
    expect(await slider.getAttribute('aria-valuenow')).toBe('60');
    // What is drawn next keeps to the split.
    await viewer.show(stream);
    expect([await viewer.sideAt(0.55), await viewer.sideAt(0.65)]).toEqual(['source', 'restored']);
  });

  it('shows one picture pixel a screen pixel on demand, with the split where it was', async () => {
    const stream = new SyntheticStream({ sourceWidth: 320, sourceHeight: 180 });
    const server = await serve([stream]);
    const viewer = await view(server.url, { viewport: { width: 800, height: 600 } });
    const { page } = viewer;
    await viewer.state('live');
    await viewer.show(stream);
    await page.getByRole('button', { name: '1:1' }).click();
    expect(await page.locator('#picture').boundingBox()).toMatchObject({ width: 1280, height: 720 });
    expect(await page.getByRole('button', { name: '1:1' }).getAttribute('aria-pressed')).toBe('true');
    // The middle of what is visible is the middle of the picture, as it opens centred.
    expect([await viewer.sideAt(0.48), await viewer.sideAt(0.52)]).toEqual(['source', 'restored']);
    await page.locator('#scroller').evaluate((scroller) => scroller.scrollTo(0, 0));
    await page.waitForFunction(() => {
      const pixel = document.querySelector('canvas')?.getContext('2d')?.getImageData(512, 360, 1, 1).data;
      return pixel !== undefined && (pixel[1] ?? 0) > (pixel[0] ?? 0);
    });
    await page.keyboard.press('z');
    expect((await page.locator('#picture').boundingBox())?.width).toBeLessThan(800);
  });

  it('follows a change of size', async () => {
    const stream = new SyntheticStream();
    const server = await serve([stream]);
    const viewer = await view(server.url);
    await viewer.state('live');
    await viewer.show(stream);
    stream.resize(40, 40);
    await viewer.show(stream);
    expect(await viewer.text('tag-source')).toBe('source 40×40');
    expect(await viewer.text('tag-restored')).toBe('restored 160×160');
    const box = await viewer.page.locator('#picture').boundingBox();
    expect(box?.width).toBeCloseTo(box?.height ?? 0);
  });

  it('finds back to a restarted server without a reload', async () => {
    const stream = new SyntheticStream();
    const first = await serve([stream]);
    const viewer = await view(first.url);
    await viewer.state('live');
    await viewer.show(stream);
    const loadedAt = await viewer.page.evaluate(() => performance.timeOrigin);
    await first.close();
    await viewer.state('lost');
    expect(await viewer.text('state-text')).toBe('Server not reachable');
    expect(await viewer.text('notice-reason')).toMatch(/^Trying again/);
    await serve([stream], { port: first.port });
    await viewer.state('live');
    await viewer.show(stream);
    expect(await viewer.page.evaluate(() => performance.timeOrigin)).toBe(loadedAt);
    expect(await viewer.page.locator('#notice').isVisible()).toBe(false);
  });

  it('says in plain words why nothing is to be seen', async () => {
    const stream = new SyntheticStream();
    const server = await serve([stream]);
    const viewer = await view(server.url);
    await viewer.state('live');
    await viewer.show(stream, sourceScene, restoredScene);
    stream.state = 'stalled';
    stream.reason = 'No picture from rtsp://camera/main for 5 s';
    await viewer.state('stalled');
    expect(await viewer.text('notice-title')).toBe('The source has stalled');
    expect(await viewer.text('notice-reason')).toBe('No picture from rtsp://camera/main for 5 s');
    await viewer.screenshot('stalled');
  });

  it('waits for the first picture of a source that is being opened', async () => {
    const stream = new SyntheticStream({ sourceWidth: 0, sourceHeight: 0 });
    stream.state = 'connecting';
    const server = await serve([stream]);
    const viewer = await view(server.url);
    await viewer.state('connecting');
    expect(await viewer.text('notice-title')).toBe('Opening the source…');
    expect(await viewer.page.locator('#overlay').isVisible()).toBe(false);
    await viewer.screenshot('opening');
    stream.state = 'live';
    stream.resize(64, 36);
    await viewer.show(stream);
    await viewer.state('live');
    expect(await viewer.page.locator('#notice').isVisible()).toBe(false);
    expect(await viewer.text('tag-restored')).toBe('restored 256×144');
    expect([await viewer.sideAt(0.2), await viewer.sideAt(0.8)]).toEqual(['source', 'restored']);
    expect(viewer.problems).toEqual([]);
  });

  it('fills the screen, and goes on in a small window on top of others', async () => {
    const stream = new SyntheticStream();
    const server = await serve([stream]);
    const viewer = await view(server.url);
    const { page } = viewer;
    await viewer.state('live');
    await viewer.show(stream);
    await page.keyboard.press('f');
    await page.waitForFunction(() => document.fullscreenElement === document.documentElement);
    await page.keyboard.press('f');
    await page.waitForFunction(() => document.fullscreenElement === null);

    await page.keyboard.press('p');
    await page.waitForFunction(() => document.pictureInPictureElement !== null);
    // What the small window plays is what the canvas shows: restored on the right, then only the source.
    await page.keyboard.press('3');
    await viewer.show(stream);
    await page.waitForFunction(
      () => {
        const video = document.pictureInPictureElement;
        const context = document.createElement('canvas').getContext('2d');
        if (!(video instanceof HTMLVideoElement) || context === null) {
          return false;
        }
        context.drawImage(video, 0, 0, 16, 9);
        const [red = 0, green = 0] = context.getImageData(12, 4, 1, 1).data;
        return red > 150 && green < 80;
      },
      undefined,
      { polling: 100 },
    );
    await page.keyboard.press('p');
    await page.waitForFunction(() => document.pictureInPictureElement === null);
  });

  it('asks for the token, and keeps it out of the address', async () => {
    const stream = new SyntheticStream();
    const token = 'correct-horse-battery';
    const server = await serve([stream], { token });
    const asked = await view(server.url);
    await asked.state('token-needed');
    await asked.page.getByLabel('Access token').fill(token);
    await asked.page.getByRole('button', { name: 'Watch' }).click();
    await asked.state('live');
    await asked.show(stream);

    const given = await view(`${server.url}/?token=${token}`);
    await given.state('live');
    expect(given.page.url()).toBe(`${server.url}/`);
  });

  it('lets the reader choose among several streams', async () => {
    const gate = new SyntheticStream();
    const yard = new SyntheticStream({ name: 'yard', sourceWidth: 64, sourceHeight: 36 });
    const server = await serve([gate, yard]);
    const viewer = await view(server.url);
    await viewer.state('live');
    await viewer.show(gate);
    await viewer.show(gate); // so that the other stream's first frame has another number than the last one shown
    await viewer.page.locator('#streams').selectOption('yard');
    await viewer.page.waitForFunction(() => document.title === 'yard · Limpid');
    await viewer.state('live');
    await viewer.show(yard);
    expect(await viewer.text('tag-source')).toBe('source 64×36');
  });

  it('keeps a tile of the grid with its stream: says that it is gone, and shows it when it is back', async () => {
    const gate = new SyntheticStream();
    const yard = new SyntheticStream({ name: 'yard' });
    const server = await serve([yard, gate]);
    const viewer = await view(server.url);
    const { page } = viewer;
    await openGrid(viewer, 2);
    const tile = page.locator('.tile[data-stream="gate"]');
    server.removeStream('gate');
    await tile.getByText('No longer there').waitFor();
    expect(server.clients().map(({ stream }) => stream)).toEqual(['yard']);
    server.addStream(gate);
    await tile.getByText('Live').waitFor();
    const { frame } = gate.emit();
    await page.locator(`.tile[data-stream="gate"][data-seq="${frame.seq}"]`).waitFor();
  });

  it("goes on as JPEG in a tile whose codec the server can't encode", async () => {
    const stream = new SyntheticStream();
    const server = await serve([stream]);
    const viewer = await view('about:blank');
    const refusal = { code: 1011, reason: 'the stream failed' };
    await viewer.page.routeWebSocket(/view=restored&codec=h264/, (socket) => socket.close(refusal));
    await viewer.page.goto(server.url);
    await openGrid(viewer, 1);
    const { frame } = stream.emit();
    await viewer.page.locator(`.tile[data-seq="${frame.seq}"]`).waitFor();
  });

  it.each(['page', 'tile'])(
    'goes on as JPEG where the browser fails to decode the H.264 that comes: %s',
    async (where) => {
      const stream = new SyntheticStream();
      const server = await serve([stream]);
      const viewer = await view(server.url);
      const { page } = viewer;
      await viewer.state('live');
      // As where 4K is beyond a decoder that can do what the page asked for beforehand.
      await page.evaluate(() => {
        const { configure } = VideoDecoder.prototype;
        VideoDecoder.prototype.configure = function (config) {
          configure.call(this, { ...config, codedWidth: 60_000, codedHeight: 60_000 });
        };
      });
      if (where === 'tile') {
        await openGrid(viewer, 1);
      }
      const emitting = setInterval(() => stream.emit(), 100);
      try {
        await page.locator(where === 'tile' ? '.tile[data-seq]' : 'html[data-seq][data-codec="jpeg"]').waitFor();
      } finally {
        clearInterval(emitting);
      }
      expect(viewer.problems).toEqual([]);
    },
  );

  it.each([
    { name: 'dark', width: 1280, height: 800, colorScheme: 'dark' as const, scale: 1 },
    { name: 'light', width: 1280, height: 800, colorScheme: 'light' as const, scale: 1 },
    { name: 'phone', width: 360, height: 740, colorScheme: 'dark' as const, scale: 2 },
    { name: 'small-phone', width: 320, height: 740, colorScheme: 'light' as const, scale: 2 },
  ])('fits its window: $name', async ({ name, width, height, colorScheme, scale }) => {
    const stream = new SyntheticStream({ sourceWidth: 320, sourceHeight: 180 });
    const server = await serve([stream]);
    const viewer = await view(server.url, {
      viewport: { width, height },
      colorScheme,
      deviceScaleFactor: scale,
      hasTouch: true,
    });
    const { page } = viewer;
    await viewer.state('live');
    await viewer.show(stream, sourceScene, restoredScene);
    const overflow = await page.evaluate(() => ({
      width: document.documentElement.scrollWidth - innerWidth,
      height: document.documentElement.scrollHeight - innerHeight,
    }));
    expect(overflow).toEqual({ width: 0, height: 0 });
    for (const id of ['state', 'split', 'latency', 'zoom-actual', 'tag-source', 'tag-restored']) {
      const box = await page.locator(`#${id}`).boundingBox();
      expect(box, id).not.toBeNull();
      expect((box?.x ?? 0) + (box?.width ?? 0), id).toBeLessThanOrEqual(width);
    }
    // A finger puts the split where it touches.
    const canvas = await page.locator('#picture').boundingBox();
    await page.touchscreen.tap((canvas?.x ?? 0) + (canvas?.width ?? 0) * 0.7, (canvas?.y ?? 0) + 40);
    expect(await page.getByRole('slider').getAttribute('aria-valuenow')).toBe('70');
    await viewer.screenshot(name);
  });
});
