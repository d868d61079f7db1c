/**
 * What `kill -9` of Limpid costs a recording: `node test/soak/killed-recordings.mjs [rounds] [port]`, after `npm run build`.
 *
 * Each round records a stream of 10 frames a second (bypass) in both containers, kills the main process at another moment of
 * a fragment, and compares the newest frame that a viewer had with the last one that plays. Prints the loss in ms.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { quantile, WatchedLimpid } from './limpid-under-watch.mjs';

const rounds = Number(process.argv[2] ?? 10);
const port = Number(process.argv[3] ?? 24_300);
const RECORDED_MS = 3_000;
const STEP_MS = 130;
const LOOK_MS = 50;
/** After a kill the media processes end what they hold: they see their control pipe closed. */
const SETTLE_MS = 1_500;
const containers = ['matroska', 'mp4'];

const stream = (folder, container) => `
  - name: ${container}
    source: test:ball?size=160x90&rate=10
    model: bypass
    record: { dir: ${join(folder, container)}, container: ${container} }
`;

/** Resolves when a file of this folder has begun: its encoder is at work. */
async function begun(folder) {
  const files = () => (existsSync(folder) ? readdirSync(folder) : []);
  while (!files().some((file) => statSync(join(folder, file)).size > 0)) {
    await pause(LOOK_MS);
  }
}

/** PTS of the newest frame that a viewer has, ms. */
function watch(name) {
  const seen = { lastMs: 0 };
  const socket = new WebSocket(`ws://127.0.0.1:${port}/streams/${name}`);
  socket.on('error', () => undefined);
  socket.on('message', (data, binary) => {
    if (binary) {
      seen.lastMs = Number(data.readBigUInt64LE(16)) / 1e6;
    }
  });
  return seen;
}

/** PTS of the last packet of a file that a killed process left, ms. */
function lastPlayedMs(file) {
  const args = ['-v', 'quiet', '-select_streams', 'v', '-show_entries', 'packet=pts_time', '-of', 'csv=p=0', file];
  const times = execFileSync('ffprobe', args, { encoding: 'utf8' }).split(/[\s,]+/);
  return Math.max(0, ...times.map(Number).filter(Number.isFinite)) * 1_000;
}

const lossMs = { matroska: [], mp4: [] };
for (let round = 0; round < rounds; round += 1) {
  const limpid = new WatchedLimpid(port, (folder) => containers.map((each) => stream(folder, each)).join(''));
  try {
    await limpid.until((streams) => containers.every((name) => streams[name]?.framesRestored > 0));
    const seen = containers.map(watch);
    await Promise.all(containers.map((each) => begun(join(limpid.folder, each))));
    await pause(RECORDED_MS + round * STEP_MS);
    await limpid.kill();
    await pause(SETTLE_MS);
    for (const [i, container] of containers.entries()) {
      const folder = join(limpid.folder, container);
      const [file = ''] = readdirSync(folder);
      lossMs[container].push(Math.round(seen[i].lastMs - lastPlayedMs(join(folder, file))));
    }
  } finally {
    await limpid.stop();
  }
}
for (const [container, losses] of Object.entries(lossMs)) {
  console.log(JSON.stringify({ container, rounds, p50: quantile(losses, 0.5), worst: Math.max(...losses), losses }));
}
