/**
 * Latency from a picture being made to its being on the viewer's canvas, read off a time code in the picture:
 * `node test/bench/glass-to-glass.mjs [seconds]`.
 *
 * The whole way but the camera: stream with the bypass engine (no look-ahead), one encode, WebSocket, decoder of a real
 * Chromium on the same machine, canvas. Prints a row for each size and codec, ms. Needs the built dist/ and Chromium.
 */
import { chromium } from 'playwright-core';
import { BypassEngine } from '../../dist/engine/bypass-engine.js';
import { silentLog } from '../../dist/log/log.js';
import { startServer } from '../../dist/server/server.js';
import { openStream } from '../../dist/stream/open-stream.js';
import { CODE_BITS, CODE_SIDE, quantile, timeCodeSource } from './time-code.mjs';

const seconds = Number(process.argv[2] ?? 10);
const FPS = 25;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
console.log(`size       codec   p50    p95    p99  frames   (${FPS} fps, ${seconds} s)`);
for (const [width, height] of [
  [320, 180],
  [1280, 720],
]) {
  for (const codec of ['jpeg', 'h264', 'fmp4']) {
    const latencies = (await measure(width, height, codec)).sort((a, b) => a - b);
    const figures = [0.5, 0.95, 0.99].map((share) => quantile(latencies, share).toFixed(1).padStart(6));
    console.log(
      `${`${width}×${height}`.padEnd(10)} ${codec.padEnd(5)} ${figures.join(' ')} ${String(latencies.length).padStart(7)}`,
    );
  }
}
await browser.close();

async function measure(width, height, codec) {
  const stream = openStream({
    name: 'bench',
    source: timeCodeSource(width, height, FPS),
    engine: new BypassEngine(1),
    sinks: [],
    sceneCuts: false,
    reconnect: undefined,
    log: silentLog,
  });
  const server = await startServer({ streams: [stream], log: silentLog, port: 0 });
  const page = await browser.newPage();
  await page.addInitScript((wanted) => localStorage.setItem('limpid.codec', wanted), codec);
  await page.goto(server.url);
  await page.waitForFunction(() => document.documentElement.dataset.frames !== undefined);
  await page.keyboard.press('2');
  await page.waitForTimeout(2000);
  const latencies = await page.evaluate(watchCode, { seconds, bits: CODE_BITS, side: CODE_SIDE });
  const used = await page.evaluate(() => document.documentElement.dataset.codec);
  await page.close();
  await server.close();
  await stream.stop();
  if (used !== codec) {
    throw new Error(`Expected ${codec} but the page used ${used}`);
  }
  return latencies;
}

/** Runs in the page: reads the code after each draw, before anything else runs. */
function watchCode({ seconds, bits, side }) {
  return new Promise((resolve) => {
    const context = document.querySelector('#picture').getContext('2d');
    const latencies = [];
    const observer = new MutationObserver(() => {
      const now = Math.floor((performance.timeOrigin + performance.now()) * 10) % 2 ** 32;
      const row = context.getImageData(0, side / 2, bits * side, 1).data;
      let code = 0;
      for (let bit = 0; bit < bits; bit += 1) {
        code = code * 2 + (row[(bit * side + side / 2) * 4] > 128 ? 1 : 0);
      }
      latencies.push((now - code) / 10);
    });
    observer.observe(document.documentElement, { attributeFilter: ['data-seq'] });
    setTimeout(() => {
      observer.disconnect();
      resolve(latencies);
    }, seconds * 1000);
  });
}
