/**
 * Four streams, one of them broken all the time, and a viewer that never reads: `node test/soak/four-streams.mjs [minutes]
 * [port]`, after `npm run build`.
 *
 * First all is well, then for as long again a camera dies and comes back every few seconds, and a viewer of a stream that is
 * watched by others too connects and reads nothing. What the viewers of the three other streams got is printed for both.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { kill, startCamera, Viewer, WatchedLimpid } from './limpid-under-watch.mjs';

const minutes = Number(process.argv[2] ?? 3);
const port = Number(process.argv[3] ?? 24_300);
const MS_PER_MINUTE = 60_000;
/** A broken camera is up for so long, and away for so long. */
const UP_MS = 3_000;
const AWAY_MS = 2_000;
const GOOD = ['restored', 'recorded', 'watched'];

const camera = (name, at, more) => `
  - name: ${name}
    source: rtsp://127.0.0.1:${at}/live
    sourceOptions: { transport: tcp, stallTimeoutMs: 1000 }
    reconnect: { firstDelayMs: 200, maxDelayMs: 1000 }
    ${more}
`;

const cameras = {};
for (const [i, name] of [...GOOD, 'broken'].entries()) {
  const size = name === 'restored' ? { width: 96, height: 54, fps: 5 } : { fps: 10 };
  cameras[name] = await startCamera({ port: port + 1 + i, ...size });
}
const limpid = new WatchedLimpid(
  port,
  (folder) =>
    camera('restored', port + 1, 'model: live-x4') +
    camera('recorded', port + 2, `model: bypass\n    record: { dir: ${folder} }`) +
    camera('watched', port + 3, 'model: bypass') +
    camera('broken', port + 4, 'models: [live-x4, bypass]'),
);
const viewers = [];

/** Lets time pass, then prints what the viewers of the good streams got in it. */
async function report(phase) {
  const streams = await limpid.streams();
  const endMs = Date.now() + minutes * MS_PER_MINUTE;
  let rounds = 0;
  for (const viewer of viewers) {
    viewer.take();
  }
  while (Date.now() < endMs) {
    if (phase === 'trouble') {
      await pause(UP_MS);
      await kill(cameras.broken);
      await pause(AWAY_MS);
      cameras.broken = await startCamera({ port: port + 4 });
      rounds += 1;
    } else {
      await pause(Math.min(UP_MS, endMs - Date.now()));
    }
  }
  const now = await limpid.streams();
  const perStream = GOOD.map((name, i) => [
    name,
    { ...viewers[i].take(), reconnects: now[name].reconnects - streams[name].reconnects },
  ]);
  console.log(
    JSON.stringify({ phase, minutes, brokenRounds: rounds, ...limpid.figures(), ...Object.fromEntries(perStream) }),
  );
}

try {
  await limpid.until((streams) => [...GOOD, 'broken'].every((name) => streams[name]?.framesRestored > 0));
  viewers.push(...GOOD.map((name) => new Viewer(port, name)));
  await report('quiet');
  const idler = new Viewer(port, 'watched', '?view=pair');
  viewers.push(idler);
  idler.stopReading();
  await report('trouble');
} finally {
  for (const viewer of viewers) {
    viewer.close();
  }
  await limpid.stop();
  await Promise.all(Object.values(cameras).map(kill));
}
