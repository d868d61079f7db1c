/**
 * Sound against picture over a long stream: `node test/soak/av-offset.mjs [minutes] [port]`, after `npm run build`.
 *
 * A clip that tells its time in luma and clicks once a second is played as fast as it goes through `limpid run` (bypass) into
 * a recording. Prints how much later than their pictures the clicks are in the recording, and how that differs between its
 * beginning and end.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { avOffsets, makeSyncClip, SYNC_FPS } from '../fixtures/av-sync.mjs';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const minutes = Number(process.argv[2] ?? 30);
const port = Number(process.argv[3] ?? 0);

const folder = mkdtempSync(join(tmpdir(), 'limpid-av-offset-'));
try {
  const minute = join(folder, 'minute.mkv');
  const clip = join(folder, 'clip.mkv');
  makeSyncClip(minute, { seconds: 60, width: 64, height: 48, audio: ['-c:a', 'pcm_s16le', '-ar', '48000'] });
  const loop = ['-stream_loop', String(minutes - 1), '-i', minute, '-c', 'copy', clip];
  execFileSync('ffmpeg', ['-v', 'error', '-y', ...loop], { stdio: 'inherit' });
  const config = join(folder, 'config.yaml');
  const recordings = join(folder, 'recordings');
  writeFileSync(
    config,
    `
server: { port: ${port} }
streams:
  - name: long
    source: ${clip}
    model: bypass
    record: { dir: ${recordings}, preset: ultrafast }
`,
  );
  const startedMs = Date.now();
  const limpid = spawn(process.execPath, [main, 'run', config], { stdio: ['ignore', 'inherit', 'inherit'] });
  await once(limpid, 'exit');
  const seconds = (Date.now() - startedMs) / 1_000;
  const [recording] = readdirSync(recordings);
  report(avOffsets(join(recordings, recording)), seconds);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function report(offsets, seconds) {
  const sorted = offsets.map(({ offsetMs }) => offsetMs).sort((a, b) => a - b);
  const mean = (some) => some.reduce((sum, { offsetMs }) => sum + offsetMs, 0) / some.length;
  const ms = (value) => `${value.toFixed(2)} ms`;
  const drift = mean(offsets.slice(-60)) - mean(offsets.slice(0, 60));
  console.log(`${minutes} minutes of stream in ${seconds.toFixed(0)} s, ${offsets.length} clicks`);
  console.log(
    `offset: smallest ${ms(sorted[0])}, median ${ms(sorted[sorted.length >> 1])}, largest ${ms(sorted.at(-1))}`,
  );
  console.log(`last minute against first: ${ms(drift)}; a frame lasts ${ms(1_000 / SYNC_FPS)}`);
}
