/**
 * The viewer in a real Chromium, fed by a synthetic stream.
 */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import type { SyntheticStream } from '../server/synthetic-stream.js';

/** The viewer as `npm run build` leaves it. */
export const viewerDirectory = fileURLToPath(new URL('../../dist/viewer', import.meta.url));

/** Less than a test may take (vitest.config.ts): the wait that hangs is named, not the test alone. */
const WAIT_TIMEOUT_MS = 60_000;

/** Settings of a server that shows each picture of a test to a page: on a loaded machine a browser may be late. */
export const PATIENT = { maxBehindMs: 600_000 };

/** A Chromium on this machine; undefined where there is none. */
export const chromiumPath = [
  process.env.CHROMIUM_PATH,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path): path is string => path !== undefined && existsSync(path));

/** Starts the browser so that it looks for nothing on the internet. */
export function launchBrowser(): Promise<Browser> {
  if (!existsSync(join(viewerDirectory, 'index.html'))) {
    throw new Error('Expected a built viewer in dist/viewer: run "npx vite build" first');
  }
  return chromium.launch({
    timeout: WAIT_TIMEOUT_MS,
    ...(chromiumPath === undefined ? {} : { executablePath: chromiumPath }),
    args: [
      '--no-sandbox',
      // Another machine, as far as the browser knows: plain http from there is no secure context.
      '--host-resolver-rules=MAP camera.test 127.0.0.1',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** The viewer page, with what went wrong on it. */
export class ViewerPage {
  readonly page: Page;
  /** Errors of the script, of the console and of the content security policy. */
  readonly problems: string[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.setDefaultTimeout(WAIT_TIMEOUT_MS);
    page.on('pageerror', (error) => this.problems.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') {
        this.problems.push(message.text());
      }
    });
  }

  static async open(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<ViewerPage> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    const viewer = new ViewerPage(await context.newPage());
    await viewer.page.goto(url);
    return viewer;
  }

  /** Waits until the page says that line and stream are in a state. */
  async state(state: string): Promise<void> {
    await this.page.waitForFunction((wanted) => document.documentElement.dataset.state === wanted, state);
  }

  /** Emits a frame and waits until it is on the canvas. */
  async show(stream: SyntheticStream, ...painters: Parameters<SyntheticStream['emit']>): Promise<void> {
    const { frame } = stream.emit(...painters);
    await this.page.waitForFunction((seq) => document.documentElement.dataset.seq === seq, String(frame.seq));
  }

  /** Colour of the canvas at shares of its width and height. */
  pixel(x: number, y = 0.5): Promise<readonly number[]> {
    return this.page.evaluate(
      ([shareX, shareY]) => {
        const canvas = document.querySelector('canvas');
        const pixel = canvas
          ?.getContext('2d')
          ?.getImageData(Math.floor(canvas.width * shareX), Math.floor(canvas.height * shareY), 1, 1);
        return [...(pixel?.data ?? [])].slice(0, 3);
      },
      [x, y] as const,
    );
  }

  /** Which of the two flat colours of the synthetic stream is at a place. */
  async sideAt(x: number): Promise<'source' | 'restored'> {
    const [red = 0, green = 0] = await this.pixel(x);
    return red > green ? 'source' : 'restored';
  }

  async text(id: string): Promise<string> {
    return (await this.page.locator(`#${id}`).textContent()) ?? '';
  }

  /** Leaves a picture of the page for people to look at, in limpid-viewer of the temporary folder. */
  async screenshot(name: string): Promise<void> {
    const folder = join(tmpdir(), 'limpid-viewer');
    await mkdir(folder, { recursive: true });
    await this.page.screenshot({ path: join(folder, `${name}.png`) });
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }
}
