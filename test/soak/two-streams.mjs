/**
 * Two streams left running: `node test/soak/two-streams.mjs [hours] [port]`, after `npm run build`.
 *
 * One stream is restored by live-x4, the other shown plainly and recorded in segments of a minute of which the last few are
 * kept; a viewer watches each. A line every minute: open files, resident memory of the main process and of all its
 * processes, and for each stream the frames a second that came in and went out, and all that were lost.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Viewer, WatchedLimpid } from './limpid-under-watch.mjs';

const hours = Number(process.argv[2] ?? 2);
const port = Number(process.argv[3] ?? 24_100);
const MINUTE_MS = 60_000;
const MS_PER_HOUR = 3_600_000;

const limpid = new WatchedLimpid(
  port,
  (folder) => `
  - name: gate
    source: test:ball?size=96x54&rate=5
    model: live-x4
  - name: yard
    source: test:ball?size=160x90&rate=5
    model: bypass
    record: { dir: ${join(folder, 'yard')}, segmentSeconds: 60, keepGigabytes: 0.001 }
`,
);

const lost = ({ framesSkipped }) => Object.values(framesSkipped).reduce((sum, count) => sum + count, 0);

try {
  let before = await limpid.until(({ gate, yard }) => gate?.framesRestored > 0 && yard?.framesRestored > 0);
  const viewers = { gate: new Viewer(port, 'gate'), yard: new Viewer(port, 'yard') };
  let lookedMs = Date.now();
  const startMs = lookedMs;
  const endMs = startMs + hours * MS_PER_HOUR;
  while (lookedMs < endMs) {
    await pause(Math.min(MINUTE_MS, endMs - lookedMs));
    const seconds = (Date.now() - lookedMs) / 1_000;
    lookedMs = Date.now();
    const now = await limpid.streams();
    const perStream = Object.keys(viewers).map((name) => {
      const rate = (key) => Number(((now[name][key] - before[name][key]) / seconds).toFixed(2));
      const [fpsIn, fpsRestored] = [rate('framesIn'), rate('framesRestored')];
      const { reconnects } = now[name];
      const p95Ms = Math.round(now[name].stageMs.total.p95);
      return [
        name,
        { fpsIn, fpsRestored, dropped: lost(now[name]), shown: viewers[name].take().frames, reconnects, p95Ms },
      ];
    });
    const minutes = Number(((lookedMs - startMs) / MINUTE_MS).toFixed(1));
    const files = readdirSync(join(limpid.folder, 'yard')).length;
    console.log(JSON.stringify({ minutes, ...limpid.figures(), files, ...Object.fromEntries(perStream) }));
    before = now;
  }
} finally {
  await limpid.stop();
}
