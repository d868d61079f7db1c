/**
 * The processes of one stream killed while another plays: `node test/soak/kills.mjs [rounds] [port]`, after `npm run build`.
 *
 * Each round kills with SIGKILL the source's process of a stream that is restored and recorded, then its recorder, then its
 * engine's worker, and waits each time until the stream restores (and records) again. Prints the times that took and, for
 * each kind, the longest gap that the viewer of the other stream saw, beside that of as long without a kill.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { descendants, kill, quantile, startCamera, Viewer, WatchedLimpid } from './limpid-under-watch.mjs';

const rounds = Number(process.argv[2] ?? 10);
const port = Number(process.argv[3] ?? 24_400);
/** How long each look at the other stream takes at least. */
const WATCH_MS = 5_000;
const LOOK_MS = 20;

const camera = await startCamera({ port: port + 1, width: 96, height: 54, fps: 5 });
const limpid = new WatchedLimpid(
  port,
  (folder) => `
  - name: victim
    source: rtsp://127.0.0.1:${port + 1}/live
    sourceOptions: { transport: tcp, stallTimeoutMs: 2000 }
    model: live-x4
    reconnect: { firstDelayMs: 200, maxDelayMs: 1000 }
    record: { dir: ${folder} }
  - name: bystander
    source: test:ball?size=160x90&rate=10
    model: bypass
`,
);

const commandOf = (pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8');
const filesOf = (pid) => readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));

/** Numbers of the sockets of TCP connections to a port of this machine. */
function socketsTo(remotePort) {
  const hexadecimal = remotePort.toString(16).toUpperCase().padStart(4, '0');
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[2]?.endsWith(`:${hexadecimal}`))
    .map((fields) => `socket:[${fields[9]}]`);
}

const KINDS = {
  source: () => {
    const sockets = socketsTo(port + 1);
    return (pid) => filesOf(pid).some((file) => sockets.includes(file));
  },
  recorder: () => (pid) => filesOf(pid).some((file) => file.startsWith(limpid.folder)),
  engine: () => (pid) => commandOf(pid).includes('onnxruntime-process'),
};

/** The process of that kind, as soon as there is one. */
async function processOf(kind) {
  for (;;) {
    const matches = KINDS[kind]();
    const found = descendants(limpid.pid)
      .slice(1)
      .find((pid) => {
        try {
          return matches(pid);
        } catch {
          return false; // it has just ended
        }
      });
    if (found !== undefined) {
      return found;
    }
    await pause(LOOK_MS);
  }
}

let viewer;
const longestGaps = { none: [], source: [], recorder: [], engine: [] };
const backMs = { source: [], recorder: [], engine: [] };
try {
  await limpid.until(({ victim, bystander }) => victim?.framesRestored > 0 && bystander?.framesRestored > 0);
  viewer = new Viewer(port, 'bystander');
  for (let round = 0; round < rounds; round += 1) {
    viewer.take();
    await pause(WATCH_MS);
    longestGaps.none.push(viewer.take().gapMs.longest);
    for (const kind of Object.keys(KINDS)) {
      const pid = await processOf(kind);
      process.kill(pid, 'SIGKILL');
      const startMs = Date.now();
      while ((await processOf(kind)) === pid) {
        await pause(LOOK_MS);
      }
      const { framesRestored } = (await limpid.streams()).victim;
      await limpid.until(({ victim }) => victim?.state === 'live' && victim.framesRestored > framesRestored + 1);
      backMs[kind].push(Date.now() - startMs);
      await pause(Math.max(0, WATCH_MS - (Date.now() - startMs)));
      longestGaps[kind].push(viewer.take().gapMs.longest);
    }
  }
  const figures = (values) => ({ p50: quantile(values, 0.5), longest: quantile(values, 1) });
  const table = (kinds) => Object.fromEntries(Object.entries(kinds).map(([kind, values]) => [kind, figures(values)]));
  console.log(
    JSON.stringify({ rounds, backMs: table(backMs), bystanderGapMs: table(longestGaps), ...limpid.figures() }),
  );
} finally {
  viewer?.close();
  await limpid.stop();
  await kill(camera);
}
