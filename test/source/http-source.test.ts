/** HTTP sources against a real server on loopback: Motion JPEG, HLS, a plain file, and what is no video. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openSource } from '../../src/source/open-source.js';
import { makeSyncClip, SYNC_FPS } from '../fixtures/av-sync.mjs';
import { type HttpVideoOptions, type HttpVideoServer, startHttpVideoServer } from '../fixtures/http-video-server.js';
import { ffmpeg, scratchFolder } from '../fixtures/video-files.js';
import { ptsStepsMs, watch } from './session.js';

const folder = scratchFolder('http-source');
const servers: HttpVideoServer[] = [];

async function serve(options: HttpVideoOptions): Promise<HttpVideoServer> {
  const server = await startHttpVideoServer(options);
  servers.push(server);
  return server;
}

function jpegs(width: number, height: number): Buffer[] {
  const name = (number: number | string) => join(folder, `${width}-${number}.jpg`);
  ffmpeg('-f', 'lavfi', '-i', `testsrc2=s=${width}x${height}:r=25:d=0.2`, name('%d'));
  return [1, 2, 3, 4, 5].map((number) => readFileSync(name(number)));
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.dispose()));
});

describe('an HTTP source', () => {
  it('plays Motion JPEG, each picture at the time it came', async () => {
    const { origin } = await serve({ jpegs: jpegs(328, 184) });
    const session = watch(openSource(`${origin}/video.mjpg?user=me&resolution=328x184`));
    await session.framesReach(10);
    session.unsubscribe();
    expect(session.frames[0]).toMatchObject({ width: 328, height: 184, format: 'rgb8' });
    expect(Math.min(...ptsStepsMs(session.frames))).toBeGreaterThan(0);
  });

  it('goes on when the camera changes the size of its pictures', async () => {
    const pictures = [...jpegs(96, 64), ...jpegs(64, 48)];
    const { origin } = await serve({ jpegs: pictures });
    const session = watch(openSource(`${origin}/video.mjpg`));
    await session.framesReach(30);
    session.unsubscribe();
    expect(new Set(session.frames.map(({ width, height }) => `${width}x${height}`))).toEqual(
      new Set(['96x64', '64x48']),
    );
  });

  it('plays HLS at its own pace, time stamps rising through its pieces', async () => {
    const hls = join(folder, 'hls');
    mkdirSync(hls, { recursive: true });
    const encoding = ['-c:v', 'libx264', '-g', '10', '-pix_fmt', 'yuv420p', '-f', 'hls', '-hls_time', '1'];
    ffmpeg(
      '-f',
      'lavfi',
      '-i',
      'testsrc2=s=160x96:r=10:d=3',
      ...encoding,
      '-hls_list_size',
      '0',
      join(hls, 'live.m3u8'),
    );
    const { origin, asked } = await serve({ folder: hls });
    const session = watch(openSource(`${origin}/live.m3u8`));
    await session.framesReach(15);
    session.unsubscribe();
    expect(asked).toContain('/live1.ts');
    for (const step of ptsStepsMs(session.frames)) {
      expect(step).toBeGreaterThan(0);
      expect(Math.abs(step / 100 - Math.round(step / 100))).toBeLessThan(0.01);
    }
  });

  it('gives the sound at the pace of its pictures, of HLS in one long piece as well', async () => {
    const hls = join(folder, 'hls-sound');
    mkdirSync(hls);
    const clip = join(hls, 'clip.mp4');
    makeSyncClip(clip, { seconds: 20, width: 64, height: 48, audio: ['-c:a', 'aac'] });
    ffmpeg('-i', clip, '-c', 'copy', '-f', 'hls', '-hls_time', '20', join(hls, 'live.m3u8'));
    const { origin } = await serve({ folder: hls });
    const session = watch(openSource(`${origin}/live.m3u8`), undefined, 'sound');
    await session.framesReach(2 * SYNC_FPS);
    session.unsubscribe();
    const aheadMs = session.sound.map(
      ({ ptsNs, frames }) => Number(ptsNs - (session.frames[frames - 1]?.ptsNs ?? 0n)) / 1e6,
    );
    expect(aheadMs.length).toBeGreaterThan(50);
    expect(Math.max(...aheadMs)).toBeLessThan(2_000);
  });

  it('logs in with the user and password of the URI and shows neither', async () => {
    const { origin, asked } = await serve({ jpegs: jpegs(96, 64), credentials: 'admin:hunter2 "!' });
    const uri = origin.replace('http://', `http://admin:${encodeURIComponent('hunter2 "!')}@`);
    const source = openSource(`${uri}/video.mjpg`);
    expect(source.label).toBe(`${origin.replace('http://', 'http://***@')}/video.mjpg`);
    const session = watch(source);
    await session.framesReach(2);
    session.unsubscribe();
    expect(asked.join()).not.toContain('hunter2');
    const { error } = await watch(openSource(`${origin.replace('http://', 'http://admin:wrong@')}/video.mjpg`)).ended;
    expect(error?.message).toBe(
      `${origin.replace('http://', 'http://***@')}/video.mjpg refused the user or password (401); they stand before the host, as in user:password@host`,
    );
    expect(JSON.stringify([error?.message, error?.cause])).not.toContain('wrong');
  });

  it('takes the end of the stream for a loss', async () => {
    const { origin } = await serve({ jpegs: jpegs(96, 64), pictures: 10 });
    const { error } = await watch(openSource(`${origin}/video.mjpg`, { stallTimeoutMs: 1_000 })).ended;
    expect(error).toMatchObject({
      code: 'ERR_SOURCE_STALLED',
      message: `${origin}/video.mjpg has sent nothing for 1000 ms`,
    });
  });

  it.each([
    ['a missing path', '/nothing.mjpg', 'does not exist on its server (404); check the path of the URI'],
    ['a web page', '/page.html', 'is a page or a text, not a video; check the path of the URI'],
  ])('says in one sentence what is wrong with %s', async (_case, path, sentence) => {
    writeFileSync(join(folder, 'page.html'), '<!doctype html><title>Camera</title><p>Please log in.</p>');
    const { origin } = await serve({ folder });
    const { error } = await watch(openSource(origin + path)).ended;
    expect(error).toMatchObject({ code: 'ERR_SOURCE_OPEN', message: `${origin}${path} ${sentence}` });
  });

  it('says that nothing answers', async () => {
    const server = await serve({});
    await server.dispose();
    const { error } = await watch(openSource(`${server.origin}/video.mjpg`)).ended;
    expect(error).toMatchObject({
      code: 'ERR_SOURCE_OPEN',
      message: `Nothing answers at ${server.origin}/video.mjpg over HTTP; check host, port and network, that the camera is on`,
    });
  });

  it('gives up a server that accepts but never answers', async () => {
    const { origin } = await serve({});
    const { error } = await watch(openSource(`${origin}/silent`, { openTimeoutMs: 1_000 })).ended;
    expect(error).toMatchObject({
      code: 'ERR_SOURCE_OPEN',
      message: `${origin}/silent sent no picture within 1000 ms; check it and the network, or raise openTimeoutMs`,
    });
  });

  it('survives a server that does not speak HTTP', async () => {
    const babble = createServer((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'));
    await new Promise<void>((resolve) => babble.listen(0, '127.0.0.1', resolve));
    const address = babble.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const { error } = await watch(openSource(`http://127.0.0.1:${port}/x`, { openTimeoutMs: 5_000 })).ended;
    babble.close();
    expect(error?.code).toBe('ERR_SOURCE_OPEN');
    expect(error?.message).toContain(`http://127.0.0.1:${port}/x`);
  });
});
