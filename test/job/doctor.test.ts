import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkModels, checkNode, type DoctorResult, doctor } from '../../src/job/doctor.js';
import { aptInstall } from '../../src/job/doctor-check.js';
import { checkCameras, checkPort } from '../../src/job/doctor-devices.js';
import { checkGStreamer } from '../../src/job/doctor-gstreamer.js';
import { checkNativePackages } from '../../src/job/doctor-native.js';
import { doctorText } from '../../src/job/doctor-text.js';
import { type RunProgram, runProgram } from '../../src/job/run-program.js';

let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'limpid-doctor-'));
});

afterAll(() => rm(dir, { recursive: true, force: true }));

describe('doctor on this machine', () => {
  let result: DoctorResult;

  beforeAll(async () => {
    result = await doctor();
  });

  it('finds Node, GStreamer, its elements and the native packages, which these tests need as well', () => {
    const needed = result.checks.filter(({ name }) =>
      /^(node|gstreamer|element .*|gstreamer-superficial|onnxruntime-node|sharp)$/.test(name),
    );
    expect(needed.filter(({ status }) => status === 'fail')).toEqual([]);
    expect(needed.length).toBeGreaterThan(20);
    const details = new Map(needed.map(({ name, detail }) => [name, detail]));
    expect(details.get('node')).toBe(process.versions.node);
    expect(details.get('gstreamer')).toMatch(/^version 1\.\d+\.\d+$/);
    expect(details.get('gstreamer-superficial')).toBe('loads and makes a pipeline');
    expect(details.get('onnxruntime-node')).toMatch(/^loads; providers: cpu/);
    expect(details.get('sharp')).toMatch(/^loads; libvips \d/);
  });

  it('says of everything that fails how to mend it, one line each, and is ok when nothing fails', () => {
    for (const { status, detail, fix } of result.checks) {
      expect(detail).not.toContain('\n');
      expect(status !== 'fail' || (fix ?? '').length > 0).toBe(true);
    }
    expect(result.ok).toBe(result.checks.every(({ status }) => status !== 'fail'));
  });

  it('names every check once', () => {
    const names = result.checks.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toEqual(expect.arrayContaining(['nvidia', 'port 8080']));
  });
});

const PIPELINES = fileURLToPath(new URL('../../pipelines/', import.meta.url));

/** Elements of this machine that the pipeline texts name, those of hardware and of GStreamer's very core aside. */
function elementsInTexts(listing: string): string[] {
  const installed = new Map([...listing.matchAll(/^(\S+):\s+(\S+):\s/gm)].map(([, plugin, name]) => [name, plugin]));
  const texts = readdirSync(PIPELINES).filter((name) => name.endsWith('.launch'));
  const words = texts.flatMap((name) =>
    readFileSync(join(PIPELINES, name), 'utf8')
      .replace(/^#.*$/gm, '')
      .split('!')
      .flatMap((element) => /^\s*([a-z][a-z0-9]*)(?=\s|$)/m.exec(element)?.[1] ?? []),
  );
  return [...new Set(words)].filter(
    (word) => installed.has(word) && installed.get(word) !== 'coreelements' && !/^(nv|va)/.test(word),
  );
}

describe('the check of GStreamer', () => {
  it('looks for every element that a pipeline text begins a link with', async () => {
    const listing = await runProgram('gst-inspect-1.0', []);
    const named = elementsInTexts(listing.ended === 'ok' ? listing.stdout : '');
    const checked = (await checkGStreamer(runProgram)).map(({ name }) => name.replace(/^element /, ''));
    expect(named.length).toBeGreaterThan(15);
    expect(named.filter((name) => !checked.includes(name))).toEqual([]);
  });

  it('fails for a missing element and names the package that brings it', async () => {
    const listing = await runProgram('gst-inspect-1.0', []);
    const without = (listing.ended === 'ok' ? listing.stdout : '')
      .split('\n')
      .filter((line) => !/ (x264enc|rtspclientsink):/.test(line))
      .join('\n');
    const run: RunProgram = async (_program, args) => ({
      ended: 'ok',
      stdout: args.includes('--version') ? 'gst-inspect-1.0 version 1.22.0' : without,
    });
    const checks = await checkGStreamer(run);
    expect(checks.filter(({ status }) => status !== 'ok')).toEqual([
      {
        name: 'element x264enc',
        status: 'fail',
        detail: 'missing: encodes H.264',
        fix: aptInstall(['gstreamer1.0-plugins-ugly']),
      },
      {
        name: 'element rtspclientsink',
        status: 'warn',
        detail: 'missing: pushes to an RTSP server',
        fix: aptInstall(['gstreamer1.0-rtsp']),
      },
    ]);
  });

  it('fails once, with all packages, where gst-inspect-1.0 is missing', async () => {
    const checks = await checkGStreamer(async () => ({ ended: 'missing' }));
    expect(checks).toEqual([
      {
        name: 'gstreamer',
        status: 'fail',
        detail: 'gst-inspect-1.0 is not installed',
        fix: expect.stringMatching(/apt-get install -y .*gstreamer1.0-tools .*gstreamer1.0-plugins-good/),
      },
    ]);
  });

  it('fails for a GStreamer before 1.20', async () => {
    const checks = await checkGStreamer(async () => ({ ended: 'ok', stdout: 'gst-inspect-1.0 version 1.18.4' }));
    expect(checks[0]).toMatchObject({ status: 'fail', detail: 'version 1.18.4, but 1.20 or newer is needed' });
  });
});

describe('the check of native packages', () => {
  it('fails for one that does not load, with its error and the line that builds it', async () => {
    const checks = await checkNativePackages(async () => ({ ended: 'failed', problem: 'Error: libgstapp is gone' }));
    expect(checks[0]).toEqual({
      name: 'gstreamer-superficial',
      status: 'fail',
      detail: 'does not load: Error: libgstapp is gone',
      fix: expect.stringMatching(/apt-get install -y .*libgstreamer1.0-dev.* && npm rebuild gstreamer-superficial$/),
    });
    expect(checks.map(({ status }) => status)).toEqual(['fail', 'fail', 'fail']);
  });
});

describe('the check of models', () => {
  it('fails for a damaged manifest with the registry’s sentence', async () => {
    const modelsDir = join(dir, 'models');
    await mkdir(modelsDir);
    await writeFile(join(modelsDir, 'broken.json'), 'no JSON');
    expect(await checkModels(modelsDir)).toEqual([
      {
        name: 'model broken',
        status: 'fail',
        detail: expect.stringContaining('broken.json'),
        fix: 'git checkout -- models, or fetch it again: limpid models pull broken',
      },
    ]);
  });

  it('fails where there are none', async () => {
    expect(await checkModels(join(dir, 'nowhere'))).toMatchObject([{ name: 'models', status: 'fail' }]);
  });
});

describe('the checks of devices', () => {
  it('warn where there is no camera, and find one that can be opened', async () => {
    const devDir = join(dir, 'dev');
    await mkdir(devDir);
    expect(await checkCameras(devDir)).toMatchObject([{ name: 'cameras', status: 'warn' }]);
    await writeFile(join(devDir, 'video0'), '');
    await writeFile(join(devDir, 'videodev'), '');
    expect(await checkCameras(devDir)).toMatchObject([{ name: `camera ${join(devDir, 'video0')}`, status: 'ok' }]);
  });

  it('warn of a port that is taken and call it free afterwards', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    expect(await checkPort(port)).toEqual({
      name: `port ${port}`,
      status: 'warn',
      detail: 'another program listens there',
      fix: `stop that program, or choose another port: --port ${port + 1}`,
    });
    await new Promise((resolve) => server.close(resolve));
    expect(await checkPort(port)).toEqual({ name: `port ${port}`, status: 'ok', detail: 'free on 127.0.0.1' });
  });
});

describe('the check of Node', () => {
  it('wants 20.19 or newer', () => {
    expect(['20.19.0', '22.0.0', '24.1.2'].map((version) => checkNode(version).status)).toEqual(['ok', 'ok', 'ok']);
    expect(checkNode('20.18.3')).toMatchObject({
      status: 'fail',
      detail: '20.18.3, but 20.19 or newer is needed',
      fix: 'install Node.js 20.19 or newer (https://nodejs.org), then npm start',
    });
  });
});

describe('runProgram', () => {
  it('tells a missing program from one that fails, and quotes the error', async () => {
    expect(await runProgram('limpid-no-such-program', [])).toEqual({ ended: 'missing' });
    expect(await runProgram(process.execPath, ['-e', 'throw new Error("out of luck")'])).toEqual({
      ended: 'failed',
      problem: 'Error: out of luck',
    });
    expect(await runProgram(process.execPath, ['-e', 'process.kill(process.pid, "SIGSEGV")'])).toEqual({
      ended: 'failed',
      problem: 'ended by SIGSEGV',
    });
    expect(await runProgram(process.execPath, ['-e', 'console.log("hello")'])).toEqual({
      ended: 'ok',
      stdout: 'hello\n',
    });
  });
});

describe('doctorText', () => {
  it('lists checks with marks, arrows for what needs mending, and a verdict', () => {
    const checks = [
      { name: 'node', status: 'ok', detail: '20.20.2' },
      { name: 'cameras', status: 'warn', detail: 'no camera', fix: 'connect a camera' },
      { name: 'sharp', status: 'fail', detail: 'is not installed', fix: 'npm ci' },
    ] as const;
    expect(doctorText({ ok: false, checks }).split('\n')).toEqual([
      '✓ node     20.20.2',
      '! cameras  no camera',
      '           → connect a camera',
      '✗ sharp    is not installed',
      '           → npm ci',
      '',
      '1 of 3 checks failed: follow the arrows',
    ]);
    expect(doctorText({ ok: true, checks: checks.slice(0, 2) })).toMatch(
      /\n\nEverything needed works \(1 checks, 1 optional missing\)$/,
    );
  });
});
