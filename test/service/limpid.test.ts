import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { firstValueFrom, skip } from 'rxjs';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ConfigInput } from '../../src/config/config.js';
import type { RestoredFrame } from '../../src/frame/frame.js';
import { checkConfig, type RunningLimpid, startLimpid } from '../../src/index.js';
import { type Log, silentLog } from '../../src/log/log.js';
import { probeVideo } from '../fixtures/ffprobe.js';
import { ffmpeg, scratchFolder } from '../fixtures/video-files.js';
import { TestClient } from '../server/test-client.js';

const folder = scratchFolder('service');
const clip = join(folder, 'clip.mkv');
const recordings = join(folder, 'recordings');
let limpid: RunningLimpid | undefined;

beforeAll(() => ffmpeg('-f', 'lavfi', '-i', 'testsrc=size=32x24:rate=10:duration=60', '-c:v', 'ffv1', clip));
afterEach(() => limpid?.close());

type StreamInput = ConfigInput['streams'][number];
const camera = (name: string, more: Partial<StreamInput> = {}): StreamInput => {
  return { name, source: clip, sourceOptions: { live: true }, model: 'bypass', ...more };
};

async function start(streams: StreamInput[]): Promise<RunningLimpid> {
  limpid = await startLimpid(checkConfig({ server: { port: 0 }, streams }), { log: silentLog });
  return limpid;
}

/** Everything a stream gives from now on. */
function watch(
  running: RunningLimpid,
  name: string,
): { frames: RestoredFrame['frame'][]; next: () => Promise<unknown> } {
  const stream = running.streams.find((one) => one.name === name);
  if (stream === undefined) {
    throw new RangeError(name);
  }
  const frames: RestoredFrame['frame'][] = [];
  stream.restored$.subscribe(({ frame }) => frames.push(frame));
  return { frames, next: () => firstValueFrom(stream.restored$.pipe(skip(1))) };
}

function expectRising(frames: readonly RestoredFrame['frame'][]): void {
  for (const [i, frame] of frames.entries()) {
    const before = frames[i - 1];
    if (before !== undefined) {
      expect(frame.seq).toBeGreaterThan(before.seq);
      expect(frame.ptsNs).toBeGreaterThan(before.ptsNs);
      expect(frame.session).toBeGreaterThanOrEqual(before.session);
    }
  }
}

describe('a configuration at work', () => {
  it('is reloaded: what is the same goes on without a gap, the rest changes, comes and goes', async () => {
    const running = await start([camera('same'), camera('changed'), camera('removed')]);
    const same = watch(running, 'same');
    const changed = watch(running, 'changed');
    const viewer = new TestClient(`${running.url}/streams/changed`);
    const goner = new TestClient(`${running.url}/streams/removed`);
    const goodbye = goner.closed();
    await Promise.all([same.next(), changed.next(), viewer.hello(), goner.hello()]);

    const next = { sourceOptions: { live: true, stallTimeoutMs: 7_000 } };
    const streams = [camera('same'), camera('changed', next), camera('added')];
    const report = await running.reload(checkConfig({ server: { port: 0, maxClients: 7 }, streams }));
    expect(report).toEqual({
      added: ['added'],
      changed: ['changed'],
      removed: ['removed'],
      failed: [],
      needRestart: [],
    });
    expect(running.streams.map(({ name }) => name)).toEqual(['same', 'changed', 'added']);
    expect(await goodbye).toBe(1001);
    await Promise.all([same.next(), changed.next(), watch(running, 'added').next()]);

    // Untouched: one session, no number left out that the window did not leave out.
    expect(new Set(same.frames.map(({ session }) => session))).toEqual(new Set([0]));
    expect(same.frames.filter(({ discontinuity }) => discontinuity).length).toBeLessThanOrEqual(1);
    expectRising(same.frames);
    // Opened anew: the next session, on the same rising numbers and clock, and its viewer never left.
    expect(new Set(changed.frames.map(({ session }) => session))).toEqual(new Set([0, 1]));
    expect(changed.frames.find(({ session }) => session === 1)?.discontinuity).toBe(true);
    expectRising(changed.frames);
    await viewer.until(() => viewer.frames.some(({ session }) => session === 1));
    viewer.socket.terminate();
  });

  it('stays as it is when the new one is wrong', async () => {
    const running = await start([camera('gate')]);
    const gate = watch(running, 'gate');
    await gate.next();
    const right = checkConfig({ server: { port: 0 }, streams: [camera('yard')] });
    const wrong = { ...right, server: { ...right.server, port: 70_000 } };
    await expect(running.reload(wrong)).rejects.toMatchObject({ code: 'ERR_CONFIG' });
    const streams = [camera('gate', { model: 'nope' }), camera('yard', { source: '/nowhere/clip.mkv' })];
    await expect(running.reload(checkConfig({ server: { port: 0 }, streams }))).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      message: expect.stringMatching(/^Stream gate: .*nope/),
    });
    const elsewhere = [camera('yard', { source: 'nope://x' })];
    await expect(running.reload(checkConfig({ server: { port: 0 }, streams: elsewhere }))).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      message: expect.stringMatching(/^Stream yard: Expected rtsp:/),
    });
    await gate.next();
    expect(new Set(gate.frames.map(({ session }) => session))).toEqual(new Set([0]));
  });

  it('is controlled by name: stopped with its recording finished, started, changed', async () => {
    const running = await start([camera('gate', { record: { dir: recordings } })]);
    const gate = watch(running, 'gate');
    const status = () => running.streams[0]?.status();
    await gate.next();
    await running.control.stop('gate');
    expect(status()).toMatchObject({ state: 'ended', reason: 'stopped on request', fpsIn: 0 });
    const [recording = ''] = readdirSync(recordings);
    expect(probeVideo(join(recordings, recording)).ptsMs.length).toBeGreaterThan(0);
    await running.control.start('gate');
    await gate.next();
    expect(status()).toMatchObject({ state: 'live', model: 'bypass' });
    await expect(running.control.change('gate', { model: 'nope' })).rejects.toMatchObject({
      code: 'ERR_MODEL_UNKNOWN',
    });
    await gate.next();
    await running.control.change('gate', { model: 'bypass,bypass' });
    await gate.next();
    expect(status()).toMatchObject({ model: 'bypass,bypass' });
    expect(gate.frames.at(-1)).toMatchObject({ session: 2, width: 512 });
    expectRising(gate.frames);
    await running.control.change('gate', { strength: 0.25 });
    expect(status()).toMatchObject({ strength: 0.25 });
    await gate.next();
    expect(gate.frames.at(-1)).toMatchObject({ session: 2 }); // the same run goes on
    await running.control.restart('gate');
    await gate.next();
    expect(status()).toMatchObject({ strength: 0.25 });
    await expect(running.control.stop('yard')).rejects.toMatchObject({ code: 'ERR_USAGE' });
  });

  it('chooses a model by the size of the pictures and the speed of the machine, and says so once', async () => {
    const lines: string[] = [];
    const log = { ...silentLog, info: (_of: unknown, line?: string) => lines.push(line ?? '') } as Log;
    // Files: of a camera, a busy machine loses pictures, and takes its rate for lower than it is.
    const source = (size: string): Partial<StreamInput> => {
      const path = join(folder, `${size}.mkv`);
      ffmpeg('-f', 'lavfi', '-i', `testsrc=size=${size}:rate=5:duration=2`, '-c:v', 'ffv1', path);
      return { source: path, sourceOptions: { loop: true } };
    };
    const { model: _none, ...auto } = camera('small', { ...source('64x36'), scale: 'auto' });
    const streams = [auto, { ...auto, ...source('1920x1080'), name: 'large' }];
    limpid = await startLimpid(checkConfig({ server: { port: 0 }, streams }), { log });
    const [small, large] = streams.map(({ name }) => watch(limpid as RunningLimpid, name));
    await Promise.all([small?.next(), large?.next()]);
    const sentences = lines.filter((line) => line.startsWith('scale auto: '));
    expect(sentences.length).toBe(2);
    expect(sentences.find((line) => line.includes('64x36'))).toMatch(
      /^scale auto: live-x4 \(×4\) on 64x36, as it comes, which this machine restores 5 times a second \(\d+ GMAC\/s measured, 2 streams\)$/,
    );
    expect(small?.frames[0]).toMatchObject({ width: 256, height: 144 });
    const { sourceWidth = 0, sourceHeight = 0 } = limpid.streams.find(({ name }) => name === 'large')?.status() ?? {};
    expect(sourceWidth).toBeLessThan(1920);
    expect(Math.abs(sourceWidth / sourceHeight - 16 / 9)).toBeLessThan(0.06);
    const told = / on (\d+)x(\d+), the most that this machine restores 5 times a second/.exec(sentences.join('\n'));
    // The shape is kept to a pixel.
    expect(Math.abs(Number(told?.[1]) - sourceWidth)).toBeLessThanOrEqual(2);
    expect(Math.abs(Number(told?.[2]) - sourceHeight)).toBeLessThanOrEqual(2);
    expect(sentences.find((line) => line.includes('1920x1080'))).toContain(
      "; its 1920x1080 is scaled down to that; the camera's substream would save its decoding",
    );
    // A model asked for by name takes the place of the choice.
    await limpid.control.change('small', { model: 'bypass' });
    expect(limpid.streams.find(({ name }) => name === 'small')?.status().model).toBe('bypass');
    expect(lines.filter((line) => line.startsWith('scale auto: ')).length).toBe(2);
  });

  it('says what pictures for viewers cost: encode and send are stages of the stream', async () => {
    const running = await start([camera('gate')]);
    const client = new TestClient(`${running.url}/streams/gate?codec=jpeg`);
    await client.until(() => client.frames.length >= 3);
    const { encode, send } = running.streams[0]?.status().stageMs ?? {};
    expect(encode?.p50).toBeGreaterThan(0);
    expect(send?.p50).toBeGreaterThan(0);
    client.socket.terminate();
  });

  it('has ended when every stream has ended by itself', async () => {
    const short = join(folder, 'short.mkv');
    ffmpeg('-f', 'lavfi', '-i', 'testsrc=size=32x24:rate=10:duration=0.5', '-c:v', 'ffv1', short);
    const running = await start([{ name: 'gate', source: short, model: 'bypass' }]);
    await running.ended;
    expect(running.streams[0]?.status()).toMatchObject({ state: 'ended', framesRestored: 5 });
  });

  it('does not start at all when one stream can’t', async () => {
    const streams = [camera('gate'), camera('yard', { source: 'gopher://camera/live' })];
    await expect(start(streams)).rejects.toMatchObject({ code: 'ERR_SOURCE_URI' });
  });
});
