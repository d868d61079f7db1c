/**
 * A hundred WebSocket clients on one 1280×720 stream: 75 read at once, 20 now and then, 5 never.
 * `node test/bench/many-clients.mjs [jpeg|h264] [seconds] [model]`. The stream is 1280×720 shown as it is, or with a model of
 * scale 4 restored from 320×180.
 *
 * First only the 75, then all: what the slow ones do to the server's CPU and memory, and to the jitter of the fast ones,
 * is the difference. The server runs in a process of its own, whose figures are printed; the clients take CPU as well.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';
import { quantile, timeCodeSource } from './time-code.mjs';

const [codec = 'h264', secondsText = '10', model = 'bypass', role] = process.argv.slice(2);
const seconds = Number(secondsText);
const FPS = 25;
const FAST = 75;
const SLOW = 20;
const NEVER = 5;

await (role === 'server' ? serve() : measure());

async function serve() {
  const { BypassEngine } = await import('../../dist/engine/bypass-engine.js');
  const { silentLog } = await import('../../dist/log/log.js');
  const { startServer } = await import('../../dist/server/server.js');
  const { openEngine } = await import('../../dist/engine/open-engine.js');
  const { openStream } = await import('../../dist/stream/open-stream.js');
  const plain = model === 'bypass';
  const [width, height] = plain ? [1280, 720] : [320, 180];
  const stream = openStream({
    name: 'bench',
    source: timeCodeSource(width, height, FPS),
    engine: plain
      ? new BypassEngine(1)
      : await openEngine(model, { hosting: { isolation: 'process', openTimeoutMs: 60_000, restoreTimeoutMs: 10_000 } }),
    sinks: [],
    sceneCuts: false,
    reconnect: undefined,
    log: silentLog,
  });
  const server = await startServer({ streams: [stream], log: silentLog, port: 0, maxRequestsPerSecond: 1000 });
  process.send({ url: server.url });
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    process.send({
      cpuMs: (user + system) / 1000,
      rssMiB: process.memoryUsage.rss() / 2 ** 20,
      framesIn: stream.status().framesIn,
      framesRestored: stream.status().framesRestored,
    });
  });
  process.on('disconnect', () => process.exit());
}

async function measure() {
  const server = fork(fileURLToPath(import.meta.url), [codec, secondsText, model, 'server']);
  const [{ url }] = await once(server, 'message');
  const ask = async () => {
    server.send('figures');
    return (await once(server, 'message'))[0];
  };
  const clients = [];
  for (let index = 0; index < FAST; index += 1) {
    clients.push(await connect(url, 'fast'));
  }
  console.log(`${codec}, ${model}, 1280×720 at ${FPS} fps, ${seconds} s each`);
  await round(`${FAST} fast`, clients, ask);
  for (let index = 0; index < SLOW + NEVER; index += 1) {
    clients.push(await connect(url, index < SLOW ? 'slow' : 'never'));
  }
  await round(`${FAST} fast, ${SLOW} slow, ${NEVER} never`, clients, ask);
  for (const { socket } of clients) {
    socket.terminate();
  }
  server.disconnect();
}

async function connect(url, kind) {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/streams/bench?codec=${codec}`);
  const client = { kind, socket, arrivals: [] };
  socket.on('message', (_data, isBinary) => {
    if (isBinary) {
      client.arrivals.push(performance.now());
    }
  });
  await once(socket, 'open');
  if (kind !== 'fast') {
    socket.pause();
  }
  if (kind === 'slow') {
    // Reads for a tenth of a second in every second and a half.
    setInterval(() => {
      socket.resume();
      setTimeout(() => socket.pause(), 100);
    }, 1500).unref();
  }
  return client;
}

async function round(name, clients, ask) {
  await new Promise((resolve) => setTimeout(resolve, 2000));
  for (const client of clients) {
    client.arrivals = [];
  }
  const before = await ask();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const after = await ask();
  console.log(`\n${name}`);
  console.log(
    `  server: ${((after.cpuMs - before.cpuMs) / seconds / 10).toFixed(0)} % of a core, ${after.rssMiB.toFixed(0)} MiB, ${after.framesIn - before.framesIn} frames in, ${after.framesRestored - before.framesRestored} shown`,
  );
  for (const kind of ['fast', 'slow', 'never']) {
    const frames = clients
      .filter((one) => one.kind === kind)
      .map(({ arrivals }) => arrivals.length)
      .sort((a, b) => a - b);
    if (frames.length > 0) {
      console.log(`  ${kind}: ${frames[0]} to ${frames.at(-1)} frames each, median ${quantile(frames, 0.5)}`);
    }
  }
  const gaps = clients
    .filter(({ kind }) => kind === 'fast')
    .flatMap(({ arrivals }) => arrivals.slice(1).map((at, index) => at - (arrivals[index] ?? at)))
    .sort((a, b) => a - b);
  console.log(
    `  fast, between frames: p50 ${quantile(gaps, 0.5).toFixed(1)} ms, p95 ${quantile(gaps, 0.95).toFixed(1)} ms, p99 ${quantile(gaps, 0.99).toFixed(1)} ms`,
  );
}
