/** Media processes: how they end, that they always end, and what others can see of them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { GdpReader } from '../../src/media/gdp-reader.js';
import { MediaProcess } from '../../src/media/media-process.js';
import { decodeAll, probeVideo } from '../fixtures/ffprobe.js';
import { commandLineOf, isRunning, mediaProcessesOf, untilGone } from '../fixtures/processes.js';
import { scratchFolder } from '../fixtures/video-files.js';

const folder = scratchFolder('media-process');
const ENDLESS = 'videotestsrc is-live=true ! video/x-raw,format=RGB,width=32,height=16 ! gdppay ! fdsink fd=3';
const started: MediaProcess[] = [];

function start(launch: string): MediaProcess & { readonly pid: number } {
  const media = MediaProcess.start({ launch });
  started.push(media);
  expect(media.pid).toBeTypeOf('number');
  return media as MediaProcess & { readonly pid: number };
}

/** Resolves with the first bytes from the pipe; the pipeline is at work then. */
async function working(media: MediaProcess): Promise<void> {
  await once(media.media, 'data');
}

afterEach(async () => {
  for (const media of started.splice(0)) {
    media.dispose();
    await media.ended;
  }
});

describe('a media process', () => {
  it('ends by itself at the end of its stream, after all pictures were read', async () => {
    const media = start(
      'videotestsrc num-buffers=7 ! video/x-raw,format=RGB,width=31,height=17 ! gdppay crc-header=false ! fdsink fd=3',
    );
    let pictures = 0;
    const reader = new GdpReader({ maxFrameBytes: 10_000 }, ({ width, height, data }) => {
      expect([width, height, data.byteLength]).toEqual([31, 17, 31 * 17 * 3]);
      pictures += 1;
    });
    media.media.on('data', (chunk: Buffer) => reader.push(chunk));
    expect(await media.ended).toEqual({ kind: 'eos' });
    reader.end();
    expect(pictures).toBe(7);
    await untilGone(media.pid);
  });

  it('waits for play when it was started held', async () => {
    const media = MediaProcess.start({ launch: ENDLESS, held: true });
    started.push(media);
    media.play();
    await working(media);
  });

  it.each([
    ['an element that does not exist', 'nosuchsrc ! fdsink fd=3', 'no element "nosuchsrc"'],
    ['a file that does not exist', 'filesrc location=/nonexistent ! fdsink fd=3', 'Resource not found.'],
  ])("reports GStreamer's own words for %s", async (_case, launch, message) => {
    const media = start(launch);
    expect(await media.ended).toMatchObject({ kind: 'error', message });
    await untilGone(media.pid);
  });

  it('takes secrets out of what GStreamer says', async () => {
    const media = start('filesrc location="/nonexistent/rtsp://me:hunter2@camera/x?token=abc" ! fdsink fd=3');
    const end = await media.ended;
    expect(end).toMatchObject({ kind: 'error' });
    expect(JSON.stringify(end)).not.toMatch(/hunter2|abc/);
  });

  it('stops when asked, and stopping and disposing again is harmless', async () => {
    const media = start(ENDLESS);
    await working(media);
    await media.stop(5_000);
    expect(await media.ended).toEqual({ kind: 'stopped' });
    await untilGone(media.pid);
    await media.stop(5_000);
    media.dispose();
    media.dispose();
  });

  it('stops before it has begun', async () => {
    const media = start(ENDLESS);
    await media.stop(10_000);
    expect(await media.ended).toEqual({ kind: 'stopped' });
    await untilGone(media.pid);
  });

  it('is killed at the deadline when it is frozen', async () => {
    const media = start(ENDLESS);
    await working(media);
    process.kill(media.pid, 'SIGSTOP');
    await media.stop(200);
    await untilGone(media.pid);
  });

  it('says how it died', async () => {
    const media = start(ENDLESS);
    await working(media);
    media.media.resume();
    process.kill(media.pid, 'SIGSEGV');
    expect(await media.ended).toMatchObject({ kind: 'crashed', how: 'SIGSEGV' });
  });

  it('is gone at once after dispose, with nobody reading its pipe', async () => {
    const media = start(ENDLESS);
    await working(media);
    media.media.pause();
    media.dispose();
    expect(await media.ended).toEqual({ kind: 'stopped' });
    await untilGone(media.pid);
  });

  it('shows neither its pipeline nor our environment to others', async () => {
    process.env.LIMPID_TEST_SECRET = 'hunter2';
    const media = start(`${ENDLESS} name=hunter3`);
    delete process.env.LIMPID_TEST_SECRET;
    await working(media);
    expect(commandLineOf(media.pid)).not.toMatch(/videotestsrc|hunter/);
    expect(readFileSync(`/proc/${media.pid}/environ`, 'utf8')).not.toContain('hunter');
  });

  it('leaves no process and no descriptor behind over 20 starts', async () => {
    const descriptors = () => readdirSync('/proc/self/fd').length;
    const before = descriptors();
    for (let round = 0; round < 20; round += 1) {
      const media = MediaProcess.start({ launch: ENDLESS });
      media.dispose();
      await media.ended;
    }
    expect(mediaProcessesOf()).toEqual([]);
    expect(descriptors()).toBeLessThanOrEqual(before);
  });

  it('is refused in one sentence where no file descriptors are left, as a worker is, and takes nothing along', async () => {
    const script = fileURLToPath(new URL('no-descriptors.mjs', import.meta.url));
    const child = spawn('bash', ['-c', `ulimit -n 128; exec "${process.execPath}" "${script}"`]);
    let told = '';
    child.stdout.on('data', (text: Buffer) => {
      told += text.toString();
    });
    expect(await once(child, 'close')).toEqual([0, null]);
    const sentence = (what: string) =>
      `Expected file descriptors for the pipes of ${what} but this process has none left; raise its limit (ulimit -n, LimitNOFILE)`;
    expect(JSON.parse(told)).toEqual([
      `ERR_MEDIA_PROCESS ${sentence('a media process')}`,
      `ERR_ENGINE ${sentence('an engine worker')}`,
    ]);
  });
});

describe('when the main process is killed', () => {
  async function mainProcess(...args: string[]) {
    const script = fileURLToPath(new URL('./orphan.mjs', import.meta.url));
    const main = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = await once(createInterface({ input: main.stdout }), 'line');
    const [media] = mediaProcessesOf(main.pid);
    return { main, media: media ?? -1, said: String(line).replace(/^ready /, '') };
  }

  it('a media process dies as well', async () => {
    const { main, media } = await mainProcess('fdsink fd=3');
    expect(isRunning(media)).toBe(true);
    main.kill('SIGKILL');
    await untilGone(media);
  });

  it('a recording is finished first, whole', async () => {
    const { main, media, said: path } = await mainProcess('record', folder);
    expect(isRunning(media)).toBe(true);
    main.kill('SIGKILL');
    await untilGone(media);
    expect(probeVideo(path).ptsMs).toHaveLength(60);
    expect(decodeAll(path)).toEqual({ frames: 60, complaints: '' });
  });
});
