/**
 * Reconnects by the hundred: `node test/soak/reconnects.mjs [rounds] [port]`, after `npm run build`.
 *
 * One `limpid run` on two cameras (bypass). Each round one camera is killed, or stopped with SIGSTOP, and started again; the
 * other is never touched. Prints open files and resident memory of the main process now and then, and at the end the time
 * from the camera being back to the stream being live, and the longest gap of the camera that was left alone.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const rounds = Number(process.argv[2] ?? 200);
const port = Number(process.argv[3] ?? 24_010);
const ROUND_TIMEOUT_MS = 60_000;

async function camera(at) {
  const child = spawn(
    '/usr/bin/python3',
    [
      join(root, 'test/fixtures/rtsp-server.py'),
      '--width',
      '160',
      '--height',
      '96',
      '--fps',
      '10',
      '--port',
      String(at),
    ],
    { stdio: ['pipe', 'pipe', 'ignore'] },
  );
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('ready')) {
      return child;
    }
  }
  throw new Error(`The camera at port ${at} did not start`);
}

async function kill(child) {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

const folder = mkdtempSync(join(tmpdir(), 'limpid-soak-'));
const config = join(folder, 'config.yaml');
const stream = (name, at) => `
  - name: ${name}
    source: rtsp://127.0.0.1:${at}/live
    sourceOptions: { transport: tcp, stallTimeoutMs: 1000, openTimeoutMs: 5000 }
    model: bypass
    reconnect: { firstDelayMs: 200, maxDelayMs: 1000, stableMs: 500 }`;
writeFileSync(
  config,
  `server: { port: ${port} }\nstreams:${stream('broken', port + 1)}${stream('steady', port + 2)}\n`,
);

let broken = await camera(port + 1);
const steady = await camera(port + 2);
const limpid = spawn(process.execPath, [join(root, 'dist/cli/main.js'), 'run', config], { stdio: 'ignore' });
const look = async () => {
  const response = await fetch(`http://127.0.0.1:${port}/api/streams`).catch(() => undefined);
  const { streams = [] } = (await response?.json()) ?? {};
  return Object.fromEntries(streams.map((status) => [status.name, status]));
};
async function until(ready) {
  for (const endMs = Date.now() + ROUND_TIMEOUT_MS; Date.now() < endMs; await pause(20)) {
    const streams = await look();
    if (ready(streams)) {
      return streams;
    }
  }
  throw new Error(`Not recovered within ${ROUND_TIMEOUT_MS} ms: ${JSON.stringify(await look())}`);
}
const figures = () => ({
  fds: readdirSync(`/proc/${limpid.pid}/fd`).length,
  rssMib: Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${limpid.pid}/status`, 'utf8'))[1]) / 1024),
});

let longestGapMs = 0;
let steadyFrames = 0;
let lastChangeMs = Date.now();
const recoveryMs = [];
try {
  await until(({ broken: a, steady: b }) => a?.state === 'live' && b?.state === 'live');
  lastChangeMs = Date.now();
  const watching = setInterval(async () => {
    const { steady: status } = await look();
    if (status !== undefined && status.framesIn > steadyFrames) {
      longestGapMs = Math.max(longestGapMs, Date.now() - lastChangeMs);
      steadyFrames = status.framesIn;
      lastChangeMs = Date.now();
    }
  }, 25);
  for (let round = 1; round <= rounds; round += 1) {
    const { framesIn, reconnects } = (await look()).broken;
    const stalls = round % 2 === 0;
    if (stalls) {
      broken.kill('SIGSTOP');
      await until(({ broken: status }) => status?.state !== 'live');
    }
    await kill(broken);
    if (!stalls) {
      await until(({ broken: status }) => status?.state !== 'live');
    }
    broken = await camera(port + 1);
    const backMs = Date.now();
    await until(
      ({ broken: status }) => status?.state === 'live' && status.framesIn > framesIn && status.reconnects > reconnects,
    );
    recoveryMs.push(Date.now() - backMs);
    await pause(600);
    if ([1, 10, 100, 200].includes(round) || round % 50 === 0 || round === rounds) {
      console.log(JSON.stringify({ round, ...figures() }));
    }
  }
  clearInterval(watching);
  recoveryMs.sort((a, b) => a - b);
  const at = (share) => recoveryMs[Math.min(recoveryMs.length - 1, Math.floor(share * recoveryMs.length))];
  console.log(
    JSON.stringify({
      rounds,
      recoveredMs: { p50: at(0.5), p95: at(0.95), worst: at(1) },
      steady: { frames: steadyFrames, longestGapMs },
    }),
  );
} finally {
  for (const child of [broken, steady]) {
    child.kill('SIGKILL');
  }
  limpid.kill('SIGTERM');
  await once(limpid, 'exit');
  rmSync(folder, { recursive: true });
}
