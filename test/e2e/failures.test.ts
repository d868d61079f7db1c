import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { startRtspServer } from '../fixtures/rtsp-server.js';
import { ffmpeg, scratchFolder } from '../fixtures/video-files.js';
import { LimpidProcess } from './limpid-process.js';

const folder = scratchFolder('failures');
const open: { dispose(): Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((resource) => resource.dispose()));
});

/** Runs to the end: exit code and stderr without the log's own lines. */
async function limpid(
  ...args: string[]
): Promise<{ code: number | null; sentence: string; stderr: string; stdout: string }> {
  const process = new LimpidProcess(args);
  open.push(process);
  const { code, stderr, stdout } = await process.end();
  const sentence = stderr
    .split('\n')
    .filter((line) => line.startsWith('limpid: '))
    .join('\n');
  return { code, sentence, stderr, stdout };
}

describe('limpid', { timeout: 60_000 }, () => {
  const table: readonly {
    readonly name: string;
    readonly args: readonly string[];
    readonly code: number;
    readonly says: RegExp;
  }[] = [
    {
      name: 'an unknown model',
      args: ['run', '--source', 'rtsp://127.0.0.1:9/live', '--model', 'nope'],
      code: 2,
      says: /name of a model but received "nope"; known are/,
    },
    {
      name: 'a missing file',
      args: ['run', '--source', '/nowhere/clip.mp4'],
      code: 1,
      says: /Expected a video file at \/nowhere\/clip\.mp4 but nothing is there/,
    },
    {
      name: 'a camera that refuses',
      args: ['run', '--source', 'rtsp://user:secret@127.0.0.1:9/live', '--model', 'bypass', '--port', '0'],
      code: 1,
      says: /rtsp:\/\/\*\*\*@127\.0\.0\.1:9\/live/,
    },
    {
      name: 'a scheme nobody knows',
      args: ['run', '--source', 'gopher://camera/live'],
      code: 2,
      says: /Expected rtsp:\/\/.* but received "gopher:\/\/camera\/live"/,
    },
    {
      name: 'neither a file nor a source',
      args: ['run'],
      code: 2,
      says: /Expected either a configuration file or --source/,
    },
    {
      name: 'a missing configuration',
      args: ['run', '/nowhere/config.yaml'],
      code: 2,
      says: /Expected a readable configuration file/,
    },
    {
      name: 'an unknown model to inspect',
      args: ['inspect', '../../etc/passwd'],
      code: 2,
      says: /Expected the name of a model/,
    },
    {
      name: 'a folder without pictures',
      args: ['evaluate', '--model', 'bicubic', '--gt', '/nowhere'],
      code: 1,
      says: /nowhere/,
    },
  ];

  it.each(table)('says $name in one sentence, and exits with $code', async ({ args, code, says }) => {
    const ended = await limpid(...args);
    expect(ended.sentence).toMatch(says);
    expect(ended.sentence.split('\n')).toHaveLength(1);
    expect(ended.stderr).not.toContain('secret');
    expect(ended.stderr).not.toMatch(/^\s+at /m);
    expect(ended.code).toBe(code);
  });

  it('says that a path of the camera is wrong, and exits with 1', async () => {
    const camera = await startRtspServer({ width: 64, height: 48, fps: 10 });
    open.push(camera);
    const { code, sentence } = await limpid(
      'run',
      '--source',
      camera.uri.replace('/live', '/wrong'),
      '--model',
      'bypass',
      '--port',
      '0',
    );
    expect(sentence).toMatch(/\/wrong/);
    expect(code).toBe(1);
  });

  it('says that the port is taken and which flag helps, and exits with 1', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const address = taken.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const clip = join(folder, 'clip.mkv');
    ffmpeg('-f', 'lavfi', '-i', 'testsrc=size=64x48:rate=10:duration=1', '-c:v', 'ffv1', clip);
    const { code, sentence } = await limpid('run', '--source', clip, '--model', 'bypass', '--port', String(port));
    taken.close();
    expect(sentence).toMatch(new RegExp(`${port}.*--port`));
    expect(code).toBe(1);
  });

  it('refuses a wrong configuration in one sentence that names the file', async () => {
    const file = join(folder, 'gate.yaml');
    writeFileSync(file, 'server: { port: 70000 }\nstreams: [{ name: gate, source: x }]\n');
    const { code, sentence } = await limpid('run', file);
    expect(sentence).toBe('limpid: Expected at most 65535 for server.port but received 70000 (gate.yaml)');
    expect(code).toBe(2);
  });

  it('prints one JSON document and nothing else on stdout', async () => {
    const { code, stdout } = await limpid('inspect', 'edvr-m', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      name: 'edvr-m',
      scale: 4,
      window: 5,
      parameters: 3_300_131,
      latencyFrames: 2,
      size: '320x180',
    });
    expect(code).toBe(0);
  });

  it('explains a mistyped option and exits with 2', async () => {
    const { code, stderr } = await limpid('run', '--sorce', 'x');
    expect(stderr).toMatch(/unknown option '--sorce'/);
    expect(code).toBe(2);
  });
});
