import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { firstValueFrom } from 'rxjs';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ConfigInput, StreamConfig } from '../../src/config/config.js';
import type { LiveStream } from '../../src/frame/live-stream.js';
import { checkConfig } from '../../src/index.js';
import { type Log, silentLog } from '../../src/log/log.js';
import { Fleet } from '../../src/service/fleet.js';
import { startGstLaunch } from '../fixtures/gst-launch.js';
import { freeUdpPort } from '../fixtures/ports.js';
import { type TinyModel, writeTinyModel } from '../fixtures/tiny-model.js';
import { ffmpeg, scratchFolder } from '../fixtures/video-files.js';

const clip = join(scratchFolder('fleet'), 'clip.mkv');
let fleet: Fleet;
let tiny: TinyModel;
const { LIMPID_MODELS: before } = process.env;

beforeAll(async () => {
  ffmpeg('-f', 'lavfi', '-i', 'testsrc=size=32x24:rate=10:duration=60', '-c:v', 'ffv1', clip);
  tiny = await writeTinyModel();
  process.env.LIMPID_MODELS = tiny.modelsDir;
});
afterAll(async () => {
  if (before === undefined) delete process.env.LIMPID_MODELS;
  else process.env.LIMPID_MODELS = before;
  await tiny.dispose();
});
afterEach(() => fleet.close());

type StreamInput = ConfigInput['streams'][number];
const cameras = (...streams: (Partial<StreamInput> & { name: string })[]): readonly StreamConfig[] =>
  checkConfig({
    streams: streams.map((stream) => ({
      source: clip,
      sourceOptions: { live: true },
      ...(stream.models === undefined ? { model: 'bypass' } : {}),
      ...stream,
    })),
  }).streams;

/** What is shown of a fleet: every stream that ever came. */
const shown: LiveStream[] = [];
const show = { addStream: (stream: LiveStream) => void shown.push(stream), removeStream: () => undefined };

async function open(...streams: Parameters<typeof cameras>): Promise<void> {
  fleet = new Fleet(silentLog);
  await fleet.open(cameras(...streams), false);
}

const stateOf = (stream: LiveStream | undefined) => stream?.status().state;

describe('streams that are closed for good', () => {
  it('are not opened again by a change that was asked for before', async () => {
    await open({ name: 'gate' }, { name: 'yard' });
    const [gate, yard] = fleet.streams;
    const changed = fleet.change('gate', { model: 'live-x4' }).catch((error: unknown) => error);
    await fleet.reload(cameras({ name: 'yard' }), show);
    expect(await changed).toMatchObject({ code: 'ERR_USAGE' });
    expect([stateOf(gate), stateOf(yard) === 'ended']).toEqual(['ended', false]);
  });

  it('take along what a reload is opening', async () => {
    await open({ name: 'gate' });
    shown.length = 0;
    const reloaded = fleet.reload(cameras({ name: 'gate' }, { name: 'yard' }, { name: 'door' }), show);
    await fleet.close();
    expect(await reloaded).toMatchObject({ added: [], failed: [] });
    expect([...shown, ...fleet.streams].map(stateOf)).toEqual(['ended']);
    await expect(fleet.restart('gate')).rejects.toMatchObject({ code: 'ERR_USAGE' });
  });
});

describe('a change', () => {
  it('of the model takes the place of the models of an overload ladder', async () => {
    await open({ name: 'gate', models: ['live-x4', 'bypass'] });
    await fleet.change('gate', { model: 'bypass' });
    expect(fleet.streams[0]?.status().model).toBe('bypass');
  });

  it('of the strength holds, whatever else is being changed', async () => {
    await open({ name: 'gate' });
    const restarted = fleet.restart('gate');
    const changed = fleet.change('gate', { model: 'bypass,bypass' });
    await fleet.change('gate', { strength: 0.5 });
    await Promise.all([restarted, changed]);
    expect(fleet.streams[0]?.status()).toMatchObject({ model: 'bypass,bypass', strength: 0.5 });
    const opening = fleet.restart('gate');
    await new Promise(setImmediate);
    await fleet.change('gate', { strength: 0.25 });
    await opening;
    expect(fleet.streams[0]?.status().strength).toBe(0.25);
  });
});

describe('a reload', () => {
  /** Does something while the weights of `tiny` are not those of its manifest. */
  async function withDamagedWeights(during: () => Promise<void>): Promise<void> {
    const weights = join(tiny.modelsDir, 'tiny.safetensors');
    const right = readFileSync(weights);
    writeFileSync(weights, right.subarray(0, -4));
    try {
      await during();
    } finally {
      writeFileSync(weights, right);
    }
  }

  it('reads every model of an overload ladder before it touches the stream', async () => {
    await open({ name: 'gate' });
    await withDamagedWeights(async () => {
      await expect(fleet.check(cameras({ name: 'gate', models: ['live-x4', 'tiny'] }))).rejects.toMatchObject({
        code: 'ERR_CONFIG',
        message: expect.stringMatching(/^Stream gate: .*tiny/),
      });
    });
  });

  it('tries a stream again that could not be opened by the same configuration', async () => {
    await open({ name: 'gate' });
    const streams = cameras({ name: 'gate', model: 'tiny' });
    await withDamagedWeights(async () => {
      expect(await fleet.reload(streams, show)).toMatchObject({ changed: [], failed: ['gate'] });
      expect(stateOf(fleet.streams[0])).toBe('failed');
    });
    expect(await fleet.reload(streams, show)).toMatchObject({ changed: ['gate'], failed: [] });
    expect(fleet.streams[0]?.status().model).toBe('tiny');
    expect(await fleet.reload(streams, show)).toMatchObject({ changed: [], failed: [] });
  });

  it('leaves nothing behind of a stream that can’t be opened', async () => {
    await open({ name: 'gate' });
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      const [gate, yard] = cameras({ name: 'gate' }, { name: 'yard', source: 'gopher://camera' });
      for (let i = 0; i < 3; i += 1) {
        expect(await fleet.reload([gate, yard] as StreamConfig[], show)).toMatchObject({ failed: ['yard'] });
      }
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('a source that only one may open', () => {
  it('is free again when its stream is opened anew, or was looked at', async () => {
    const port = await freeUdpPort();
    const encoder = 'x264enc tune=zerolatency speed-preset=ultrafast key-int-max=20 ! mpegtsmux alignment=7';
    const sender = startGstLaunch(
      `videotestsrc is-live=true ! video/x-raw,width=64,height=36,framerate=20/1 ! ${encoder} ! udpsink host=127.0.0.1 port=${port}`,
    );
    const lines: string[] = [];
    const note = (_of: unknown, line?: string) => void lines.push(line ?? '');
    fleet = new Fleet({ ...silentLog, warn: note, info: note } as Log);
    try {
      const source = { source: `udp://127.0.0.1:${port}`, sourceOptions: {} };
      await fleet.open(cameras({ name: 'gate', ...source }), false);
      const [gate] = fleet.streams;
      const picture = () => (gate === undefined ? undefined : firstValueFrom(gate.restored$));
      await picture();
      await fleet.restart('gate');
      await picture();
      const auto = { ...source, scale: 'auto' as const, model: 'live-x4' };
      await fleet.reload(cameras({ name: 'gate', ...auto }), show);
      await picture();
    } finally {
      await sender.dispose();
    }
    expect(lines.filter((line) => line.includes("can't be opened"))).toEqual([]);
    expect(lines.find((line) => line.startsWith('scale auto'))).toContain(' on 64x36, as it comes');
  });
});
