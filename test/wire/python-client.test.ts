import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import sharp from 'sharp';
import { afterEach, expect, it } from 'vitest';
import { silentLog } from '../../src/log/log.js';
import { packageFile } from '../../src/media/package-file.js';
import { type RunningServer, startServer } from '../../src/server/server.js';
import { SyntheticStream } from '../server/synthetic-stream.js';

let server: RunningServer | undefined;
let client: ChildProcess | undefined;
let folder: string | undefined;

afterEach(async () => {
  client?.kill('SIGKILL');
  await server?.close();
  if (folder !== undefined) {
    await rm(folder, { recursive: true });
  }
});

/** The client as the README prints it. */
async function clientOfReadme(): Promise<string> {
  const readme = await readFile(packageFile('README.md'), 'utf8');
  const code = /```python\n(.*?)```/s.exec(readme)?.[1];
  if (code === undefined) {
    throw new Error('Expected a Python client in the README');
  }
  return code;
}

it('is read by the Python client of the README', async () => {
  const stream = new SyntheticStream();
  // A client that is late loses frames, and on a loaded machine another process may be late: here each frame counts.
  server = await startServer({ streams: [stream], log: silentLog, port: 0, maxBehindMs: 600_000 });
  folder = await mkdtemp(join(tmpdir(), 'limpid-client-'));
  await writeFile(join(folder, 'client.py'), await clientOfReadme());
  client = spawn('python3', ['client.py', '127.0.0.1', String(server.port), '/streams/gate'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(client, 'exit');
  if (client.stdout === null) {
    throw new Error('Expected the client to have an output');
  }
  const lines = createInterface({ input: client.stdout });
  const texts = lines[Symbol.asyncIterator]();
  const nextFrame = async (): Promise<string> => {
    for (let line = await texts.next(); !line.done; line = await texts.next()) {
      if (line.value.startsWith('frame ')) {
        return line.value;
      }
    }
    throw new Error('Expected a frame but the client has ended');
  };
  const hello = await texts.next();
  expect(JSON.parse(hello.value)).toMatchObject({ type: 'hello', stream: 'gate', width: 128, height: 72 });
  // A few, so that pings have to be answered in between.
  for (let seq = 1; seq <= 4; seq += 1) {
    stream.emit();
    expect(await nextFrame()).toMatch(
      new RegExp(`^frame ${seq}: 128x72, 0\\.${40 * seq < 100 ? '0' : ''}${40 * seq} s, \\d+ ms$`),
    );
  }
  expect(await sharp(join(folder, '4.jpg')).metadata()).toMatchObject({ format: 'jpeg', width: 128, height: 72 });
  await server.close();
  await exit;
  expect(client.exitCode).toBe(0);
});
