import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { decodeAll, probeVideo } from '../fixtures/ffprobe.js';
import { freeUdpPort } from '../fixtures/ports.js';
import { isRunning, mediaProcessesOf, untilGone } from '../fixtures/processes.js';
import { ffmpeg, scratchFolder } from '../fixtures/video-files.js';
import { TestClient } from '../server/test-client.js';
import { LimpidProcess } from './limpid-process.js';

const folder = scratchFolder('signals');
const clip = join(folder, 'clip.mkv');
let limpid: LimpidProcess | undefined;

beforeAll(() => ffmpeg('-f', 'lavfi', '-i', 'testsrc=size=64x48:rate=10:duration=60', '-c:v', 'ffv1', clip));
afterEach(() => limpid?.dispose());

/** Starts on a configuration of live streams; further lines of each stream's mapping by its name. */
function run(file: string, streams: Readonly<Record<string, string>>, more = ''): LimpidProcess {
  write(file, streams, more);
  limpid = new LimpidProcess(['run', join(folder, file)]);
  return limpid;
}

function write(file: string, streams: Readonly<Record<string, string>>, more = ''): void {
  const lines = Object.entries(streams).map(
    ([name, more]) => `  - { name: ${name}, source: ${clip}, sourceOptions: { live: true }, model: bypass${more} }\n`,
  );
  writeFileSync(join(folder, file), `${more}server: { port: 0 }\nstreams:\n${lines.join('')}`);
}

describe('limpid run', { timeout: 60_000 }, () => {
  it('at SIGHUP touches only what changed, and keeps going when the file is wrong', async () => {
    const running = run('limpid.yaml', { same: '', gone: '' });
    const url = await running.url();
    const viewer = new TestClient(`${url}/streams/same`);
    await viewer.until(() => viewer.frames.length > 2);
    write('limpid.yaml', { same: '', come: '' });
    process.kill(running.pid, 'SIGHUP');
    await running.line(/SIGHUP: added come; removed gone/);
    writeFileSync(join(folder, 'limpid.yaml'), 'streams: 4\n');
    process.kill(running.pid, 'SIGHUP');
    await running.line(/SIGHUP: the configuration at work stays: Expected a list for streams but received 4/);
    const seen = viewer.frames.length;
    await viewer.until(() => viewer.frames.length > seen + 2);
    expect(new Set(viewer.frames.map(({ session }) => session))).toEqual(new Set([0]));
    viewer.socket.terminate();
    expect(await running.stop('SIGTERM')).toBe(0);
  });

  it('at SIGHUP while it still starts reloads once it has', async () => {
    // The size of a camera that does not answer is waited for.
    const silent = `, source: "udp://127.0.0.1:${await freeUdpPort()}", scale: auto, sourceOptions: { openTimeoutMs: 3000 }`;
    const file = join(folder, 'early.yaml');
    const quick = `{ name: quick, source: ${clip}, sourceOptions: { live: true }, model: bypass }`;
    writeFileSync(file, `server: { port: 0 }\nstreams: [${quick}, { name: asked${silent} }]\n`);
    limpid = new LimpidProcess(['run', file]);
    await limpid.line(/\[quick\] .* → bypass/);
    write('early.yaml', { quick: '', come: '' });
    process.kill(limpid.pid, 'SIGHUP');
    await limpid.line(/SIGHUP: added come; removed asked/);
    expect(await limpid.stop('SIGTERM')).toBe(0);
  });

  it.each(['matroska', 'mp4'])('killed while it records leaves a %s file that plays', async (container) => {
    const recordings = join(folder, container);
    const running = run(`${container}.yaml`, { gate: `, record: { dir: ${recordings}, container: ${container} }` });
    const viewer = new TestClient(`${await running.url()}/streams/gate`);
    const begun = () =>
      existsSync(recordings) && readdirSync(recordings).some((name) => statSync(join(recordings, name)).size > 0);
    await viewer.until(begun);
    const seen = viewer.frames.length;
    await viewer.until(() => viewer.frames.length > seen + 40);
    const shown = viewer.frames.at(-1)?.ptsNs ?? 0n;
    const orphans = mediaProcessesOf(running.pid);
    process.kill(running.pid, 'SIGKILL');
    await running.end();
    // The encoder goes on alone until the file is finished.
    await Promise.all(orphans.map((pid) => untilGone(pid)));
    const file = join(recordings, readdirSync(recordings)[0] ?? '');
    expect(decodeAll(file).frames).toBeGreaterThan(0);
    const lastMs = probeVideo(file).ptsMs.at(-1) ?? 0;
    // Half a second of a fragment, and at most the eight frames that wait for the encoder.
    expect(Number(shown / 1_000_000n) - lastMs).toBeLessThanOrEqual(2_000);
  });

  describe('with an encoder that hangs', () => {
    let stuck: readonly number[] = [];

    afterEach(() => {
      for (const pid of stuck.filter(isRunning)) {
        process.kill(pid, 'SIGKILL');
      }
    });

    /** A run whose media processes no longer do anything, asked to stop. */
    async function hang(name: string, more: string): Promise<LimpidProcess> {
      const running = run(`${name}.yaml`, { gate: `, record: { dir: ${join(folder, name)} }` }, more);
      const viewer = new TestClient(`${await running.url()}/streams/gate`);
      await viewer.until(() => viewer.frames.length > 2);
      await vi.waitFor(
        () => {
          stuck = mediaProcessesOf(running.pid);
          expect(stuck).toHaveLength(2); // the source and the recording
        },
        { timeout: 20_000, interval: 50 },
      );
      for (const pid of stuck) {
        process.kill(pid, 'SIGSTOP');
      }
      process.kill(running.pid, 'SIGINT');
      await running.line(/SIGINT: stopping, recordings are being finished/);
      return running;
    }

    it('stops at once at a second signal', async () => {
      const running = await hang('forced', '');
      process.kill(running.pid, 'SIGTERM');
      await running.line(/SIGTERM again: stopping at once/);
      expect((await running.end()).code).toBe(1);
    });

    it('stops at its deadline', async () => {
      const { code, stderr } = await (await hang('late', 'stopTimeoutMs: 300\n')).end();
      expect(stderr).toMatch(/^limpid: Expected recordings to be finished within 300 ms \(stopTimeoutMs\)/m);
      expect(code).toBe(1);
    });
  });
});
