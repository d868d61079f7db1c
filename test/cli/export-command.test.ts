import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { exportCommand } from '../../src/cli/export-command.js';
import { decodeModel } from '../../src/onnx/messages.js';

let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'limpid-export-'));
});
afterAll(() => rm(dir, { recursive: true }));

/** Names of a graph's inputs and outputs, as a file of `limpid export` has them. */
async function exported(...flags: readonly string[]) {
  const out = join(dir, 'graph.onnx');
  await exportCommand().parseAsync(['edvr-live', '--size', '24x16', '--out', out, ...flags], { from: 'user' });
  const { graph } = decodeModel(await readFile(out));
  const outputs = graph.output.map(({ name }) => name);
  return { inputs: graph.input.map(({ name }) => name), outputs };
}

it('writes pyramids with the incremental halves', async () => {
  const { outputs } = await exported('--graph', 'pyramid');
  const halves = ['l3', 'l2', 'l1'].flatMap((level) => [`near.${level}`, `reference.${level}`]);
  expect(outputs).toEqual(['l1', 'l2', 'l3', ...halves, 'reference.cas']);
});

it('writes the plain form, which has the levels alone', async () => {
  expect((await exported('--graph', 'pyramid', '--plain')).outputs).toEqual(['l1', 'l2', 'l3']);
  const { inputs } = await exported('--graph', 'restore', '--plain');
  expect(inputs.filter((name) => /near|reference/.test(name))).toEqual([]);
});

it('writes the one-graph form from frames to the restored picture by default', async () => {
  expect(await exported()).toEqual({ inputs: ['frame0', 'frame1', 'frame2'], outputs: ['restored'] });
});
