/**
 * Four times more frames than the machine restores: `node test/soak/overload.mjs [minutes] [port] [WxH]`, after `npm run build`.
 *
 * First a camera at an easy rate shows how many frames a second live-x4 restores here when it need not skip (busy time a frame).
 * Then the camera comes back at four times that rate for so many minutes, and the stream, which wants half as much again as the
 * machine gives, has a lighter step to go to; then at half the rate, until the first model is back. A line every minute.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { kill, startCamera, WatchedLimpid } from './limpid-under-watch.mjs';

const minutes = Number(process.argv[2] ?? 10);
const port = Number(process.argv[3] ?? 24_200);
const [width, height] = (process.argv[4] ?? '320x180').split('x').map(Number);
const EASY_FPS = 2;
const MEASURE_MS = 20_000;
const LOOK_MS = 1_000;
const MINUTE_MS = 60_000;
const RETURN_TIMEOUT_MS = 300_000;
const OVERLOAD = 4;

const lost = ({ framesSkipped }) => Object.values(framesSkipped).reduce((sum, count) => sum + count, 0);

/** The stream under load. */
const stream = (minFps) => `
  - name: load
    source: rtsp://127.0.0.1:${port + 1}/live
    sourceOptions: { transport: tcp }
    models: [live-x4, bypass]
    overload: { minFps: ${minFps}, downAfterMs: 3000, upAfterMs: 20000, upMaxMs: 60000 }
    reconnect: { firstDelayMs: 200, maxDelayMs: 1000 }
`;

/** Frames a second that live-x4 has time for, each window with one new pyramid. */
async function sustainableFps() {
  const camera = await startCamera({ port: port + 1, width, height, fps: EASY_FPS });
  const limpid = new WatchedLimpid(port, stream(0.1));
  try {
    await limpid.until(({ load }) => load?.framesRestored > 0);
    await pause(MEASURE_MS);
    const { stageMs } = (await limpid.streams()).load;
    return 1_000 / (stageMs.pyramid.p50 + stageMs.restore.p50);
  } finally {
    await limpid.stop();
    await kill(camera);
  }
}

const sustainable = await sustainableFps();
const loadFps = Math.ceil(OVERLOAD * sustainable);
console.log(JSON.stringify({ size: `${width}x${height}`, sustainableFps: Number(sustainable.toFixed(1)), loadFps }));
let camera = await startCamera({ port: port + 1, width, height, fps: loadFps });
const limpid = new WatchedLimpid(port, stream((1.5 * sustainable).toFixed(1)));
const startMs = Date.now();
let before = { framesIn: 0, framesRestored: 0, framesUpscaled: 0 };
let lookedMs = startMs;

/** Prints the minute that has passed; worst: the largest p95 of any second in it. */
function report({ load }, steps, p95Ms) {
  const seconds = (Date.now() - lookedMs) / 1_000;
  lookedMs = Date.now();
  const framesUpscaled = Object.values(load.framesFallback).reduce((sum, count) => sum + count, 0);
  const now = { ...load, framesUpscaled };
  const rate = (key) => Number(((now[key] - before[key]) / seconds).toFixed(1));
  const fps = { fpsIn: rate('framesIn'), fpsRestored: rate('framesRestored'), fpsUpscaled: rate('framesUpscaled') };
  const counts = { ...fps, dropped: lost(load) };
  const elapsed = Number(((lookedMs - startMs) / MINUTE_MS).toFixed(1));
  const ladder = { moves: load.overloadMoves, secondsAt: steps };
  console.log(JSON.stringify({ minutes: elapsed, ...limpid.figures(), ...counts, p95Ms, ...ladder }));
  before = now;
}

/** Looks every second for a minute: seconds at each step of the ladder, and the worst p95 of the time from picture to picture. */
async function watchMinute() {
  const steps = [0, 0];
  let p95Ms = 0;
  let streams = {};
  for (const endMs = Date.now() + MINUTE_MS; Date.now() < endMs; await pause(LOOK_MS)) {
    streams = await limpid.streams();
    steps[streams.load.overloadStep] += 1;
    p95Ms = Math.max(p95Ms, Math.round(streams.load.stageMs.total.p95));
  }
  report(streams, steps, p95Ms);
}

try {
  await limpid.until(({ load }) => load?.framesRestored > 0);
  for (let minute = 0; minute < minutes; minute += 1) {
    await watchMinute();
  }
  await kill(camera);
  camera = await startCamera({ port: port + 1, width, height, fps: Math.max(1, Math.floor(sustainable / 2)) });
  const { reconnects, framesIn } = (await limpid.streams()).load;
  const backMs = Date.now();
  await limpid.until(({ load }) => load.state === 'live' && load.framesIn > framesIn && load.reconnects >= reconnects);
  await limpid.until(({ load }) => load.overloadStep === 0, RETURN_TIMEOUT_MS);
  console.log(JSON.stringify({ returnedAfterSeconds: Math.round((Date.now() - backMs) / 1_000) }));
  await watchMinute();
  const moves = limpid.log.filter((line) => /overload/.test(line));
  console.log(moves.slice(0, 12).join('\n'));
} finally {
  await limpid.stop();
  await kill(camera);
}
