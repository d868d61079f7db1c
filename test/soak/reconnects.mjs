/**
 * Reconnects by the hundred: `node test/soak/reconnects.mjs [rounds] [port]`, after `npm run build`.
 *
 * One `limpid run` on two cameras (bypass). Each round one camera is killed, or stopped with SIGSTOP, and started again; the
 * other is never touched. Prints open files and resident memory of the main process now and then, and at the end the time
 * from the camera listening to the stream being live, and the longest gap of the camera that was left alone (both ±50 ms).
 */
import { setTimeout as pause } from 'node:timers/promises';
import { kill, quantile, startCamera, WatchedLimpid } from './limpid-under-watch.mjs';

const rounds = Number(process.argv[2] ?? 200);
const port = Number(process.argv[3] ?? 24_010);
const LOOK_MS = 50;

const stream = (name, at) => `
  - name: ${name}
    source: rtsp://127.0.0.1:${at}/live
    sourceOptions: { transport: tcp, stallTimeoutMs: 1000, openTimeoutMs: 10000 }
    model: bypass
    reconnect: { firstDelayMs: 200, maxDelayMs: 1000, stableMs: 500 }
`;

let broken = await startCamera({ port: port + 1 });
const steady = await startCamera({ port: port + 2 });
const limpid = new WatchedLimpid(port, `${stream('broken', port + 1)}${stream('steady', port + 2)}`);

let longestGapMs = 0;
let steadyFrames = 0;
let lastChangeMs = Date.now();
const recoveryMs = [];
try {
  await limpid.until(({ broken: a, steady: b }) => a?.state === 'live' && b?.state === 'live');
  lastChangeMs = Date.now();
  const watching = setInterval(async () => {
    const { steady: status } = await limpid.streams();
    if (status !== undefined && status.framesIn > steadyFrames) {
      longestGapMs = Math.max(longestGapMs, Date.now() - lastChangeMs);
      steadyFrames = status.framesIn;
      lastChangeMs = Date.now();
    }
  }, LOOK_MS);
  for (let round = 1; round <= rounds; round += 1) {
    const { framesIn, reconnects } = (await limpid.streams()).broken;
    const stalls = round % 2 === 0;
    if (stalls) {
      broken.kill('SIGSTOP');
      await limpid.until(({ broken: status }) => status?.state !== 'live');
    }
    await kill(broken);
    if (!stalls) {
      await limpid.until(({ broken: status }) => status?.state !== 'live');
    }
    broken = await startCamera({ port: port + 1 });
    const backMs = Date.now();
    await limpid.until(
      ({ broken: status }) => status?.state === 'live' && status.framesIn > framesIn && status.reconnects > reconnects,
    );
    recoveryMs.push(Date.now() - backMs);
    await pause(600);
    if ([1, 10, 100, 200].includes(round) || round % 50 === 0 || round === rounds) {
      console.log(JSON.stringify({ round, ...limpid.figures() }));
    }
  }
  clearInterval(watching);
  console.log(
    JSON.stringify({
      rounds,
      recoveredMs: { p50: quantile(recoveryMs, 0.5), p95: quantile(recoveryMs, 0.95), worst: quantile(recoveryMs, 1) },
      steady: { frames: steadyFrames, longestGapMs },
    }),
  );
} finally {
  await limpid.stop();
  await Promise.all([broken, steady].map(kill));
}
