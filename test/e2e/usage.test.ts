/** What is said to those who call a command wrongly, or whose model has learned nothing. */
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ffmpeg, scratchFolder } from '../fixtures/video-files.js';
import { LimpidProcess } from './limpid-process.js';

const folder = scratchFolder('usage');
const clip = join(folder, 'clip.mkv');
const RANDOM = /^.*edvr-live has random weights until a checkpoint of that name is imported or pulled/gm;

beforeAll(() => ffmpeg('-f', 'lavfi', '-i', 'testsrc=size=64x48:rate=5', '-frames:v', '2', '-c:v', 'ffv1', clip));

describe('bad usage', { timeout: 60_000 }, () => {
  it.each([
    [['bogus'], "error: unknown command 'bogus'"],
    [['models', 'bogus'], "error: unknown command 'bogus'"],
    [['models', 'pull'], "error: missing required argument 'name'"],
    [['models', 'verify', 'extra'], "error: too many arguments for 'verify'. Expected 0 arguments but got 1."],
    [['models', 'list', '--bogus'], "error: unknown option '--bogus'"],
  ])('of limpid %j ends with 2 and leads to --help', async (args, sentence) => {
    const { code, stdout, stderr } = await new LimpidProcess(args).end();
    expect({ code, stdout, stderr }).toEqual({
      code: 2,
      stdout: '',
      stderr: `${sentence}\n(limpid --help lists the commands)`,
    });
  });
});

describe('random weights', { timeout: 60_000 }, () => {
  it('are told by restore', async () => {
    const args = ['restore', clip, join(folder, 'out.mkv'), '--model', 'edvr-live'];
    const { code, stderr } = await new LimpidProcess(args).end();
    expect(code).toBe(0);
    expect(stderr.match(RANDOM)).toHaveLength(1);
  });

  it('are told by evaluate, beside one JSON document', async () => {
    const args = ['evaluate', '--gt', clip, '--model', 'edvr-live', '--json'];
    const { code, stdout, stderr } = await new LimpidProcess(args).end();
    expect(code).toBe(0);
    expect(stderr.match(RANDOM)).toHaveLength(1);
    expect(JSON.parse(stdout)).toMatchObject({ model: 'edvr-live' });
  });

  it('are told by run, in its log', async () => {
    const args = ['run', '--source', clip, '--model', 'edvr-live', '--port', '0'];
    const { stderr } = await new LimpidProcess(args, { LIMPID_LOG: 'json' }).end();
    const entries = stderr.split('\n').map((line) => JSON.parse(line));
    expect(entries.filter(({ msg }) => new RegExp(RANDOM).test(msg))).toEqual([expect.objectContaining({ level: 40 })]);
  });
});
