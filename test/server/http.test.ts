import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../src/log/log.js';
import { type RunningServer, type StartServerOptions, startServer } from '../../src/server/server.js';
import { SyntheticStream } from './synthetic-stream.js';
import { rawGet, TestClient } from './test-client.js';

const viewerDirectory = fileURLToPath(new URL('viewer-fixture', import.meta.url));
const open: RunningServer[] = [];

async function serve(
  streams: readonly SyntheticStream[],
  options: Partial<StartServerOptions> = {},
): Promise<RunningServer> {
  const server = await startServer({ streams, log: silentLog, port: 0, viewerDirectory, ...options });
  open.push(server);
  return server;
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

describe('health', () => {
  it('is well as long as it answers', async () => {
    const server = await serve([]);
    const answer = await rawGet(server.port, '/healthz');
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text)).toMatchObject({ status: 'ok' });
  });

  it('is ready while every stream is live', async () => {
    const gate = new SyntheticStream();
    const yard = new SyntheticStream({ name: 'yard' });
    const server = await serve([gate, yard]);
    expect((await rawGet(server.port, '/readyz')).status).toBe(200);
    yard.state = 'stalled';
    yard.reason = 'no picture for 5 s';
    const answer = await rawGet(server.port, '/readyz');
    expect(answer.status).toBe(503);
    expect(JSON.parse(answer.text)).toEqual({
      ready: false,
      streams: [
        { name: 'gate', state: 'live' },
        { name: 'yard', state: 'stalled', reason: 'no picture for 5 s' },
      ],
    });
  });
});

describe('metrics', () => {
  it('gives the contract’s names as OpenMetrics', async () => {
    const stream = new SyntheticStream();
    const server = await serve([stream]);
    stream.emit();
    stream.skip(3);
    stream.emit();
    const { headers, text } = await rawGet(server.port, '/metrics');
    expect(headers['content-type']).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
    expect(text.endsWith('\n# EOF\n')).toBe(true);
    const samples = parseOpenMetrics(text);
    expect(samples.get('limpid_frames_in_total{stream="gate"}')).toBe(5);
    expect(samples.get('limpid_frames_restored_total{stream="gate"}')).toBe(2);
    expect(samples.get('limpid_frames_skipped_total{stream="gate",reason="overload"}')).toBe(3);
    expect(samples.get('limpid_frames_skipped_total{stream="gate",reason="engine-error"}')).toBe(0);
    expect(samples.get('limpid_frames_fallback_total{stream="gate",reason="offsets-absurd"}')).toBe(2);
    expect(samples.get('limpid_frames_fallback_total{stream="gate",reason="offsets-not-finite"}')).toBe(0);
    expect(samples.get('limpid_reconnects_total{stream="gate"}')).toBe(2);
    expect(samples.get('limpid_stage_seconds_count{stream="gate",stage="restore"}')).toBe(2);
    expect(samples.get('limpid_stage_seconds_sum{stream="gate",stage="restore"}')).toBeCloseTo(0.05);
    expect(samples.get('limpid_stage_seconds_bucket{le="0.033",stream="gate",stage="restore"}')).toBe(2);
    expect(samples.get('limpid_stage_seconds_bucket{le="0.02",stream="gate",stage="restore"}')).toBe(0);
    expect(text).toContain('# TYPE limpid_frames_in counter');
    // What is shown again once a second took its time long ago.
    stream.emit(undefined, undefined, undefined, true);
    // Asking again counts nothing twice.
    const again = parseOpenMetrics((await rawGet(server.port, '/metrics')).text);
    expect(again.get('limpid_frames_in_total{stream="gate"}')).toBe(6);
    expect(again.get('limpid_stage_seconds_count{stream="gate",stage="restore"}')).toBe(2);
  });

  it('tells nothing more of a stream that is gone', async () => {
    const [gate, yard] = [new SyntheticStream(), new SyntheticStream({ name: 'yard' })];
    const server = await serve([gate, yard]);
    yard.emit();
    expect((await rawGet(server.port, '/metrics')).text).toContain('stream="yard"');
    server.removeStream('yard');
    expect((await rawGet(server.port, '/metrics')).text).not.toContain('stream="yard"');
  });
});

describe('streams', () => {
  it('lists them with their state and viewers', async () => {
    const server = await serve([new SyntheticStream(), new SyntheticStream({ name: 'yard' })]);
    const client = new TestClient(`${server.url}/streams/yard`);
    await client.hello();
    const { streams } = JSON.parse((await rawGet(server.port, '/api/streams')).text);
    expect(streams).toMatchObject([
      { name: 'gate', state: 'live', model: 'live-x4', width: 128, sourceWidth: 32, viewers: 0 },
      { name: 'yard', state: 'live', viewers: 1 },
    ]);
  });
});

describe('snapshot', () => {
  async function snapshot(path: string) {
    const stream = new SyntheticStream();
    const server = await serve([stream]);
    const url = `${server.url}/streams/gate/${path}`;
    const { observers } = stream.restored$;
    const before = observers.length;
    const answer = fetch(url);
    // The request is in when somebody listens for its frame.
    while (observers.length === before && stream.restored$.observers.length === before) {
      await new Promise(setImmediate);
    }
    stream.emit();
    const response = await answer;
    const bytes = new Uint8Array(await response.arrayBuffer());
    expect(stream.leasesOut).toBe(0);
    return { response, bytes };
  }

  it('gives the restored picture as JPEG', async () => {
    const { response, bytes } = await snapshot('snapshot.jpg');
    expect(response.headers.get('content-type')).toBe('image/jpeg');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await sharp(bytes).metadata()).toMatchObject({ format: 'jpeg', width: 128, height: 72 });
  });

  it('gives the source picture as PNG, exactly', async () => {
    const { response, bytes } = await snapshot('snapshot.png?view=source');
    expect(response.headers.get('content-type')).toBe('image/png');
    const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
    expect(info).toMatchObject({ width: 32, height: 18, channels: 3 });
    expect([...data.subarray(0, 3)]).toEqual([200, 40, 40]);
  });

  it('gives a pair side by side, the source enlarged to the left', async () => {
    const { bytes } = await snapshot('snapshot.png?view=pair');
    const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
    expect(info).toMatchObject({ width: 256, height: 72, channels: 3 });
    const pixel = (x: number, y: number) => [...data.subarray((y * 256 + x) * 3, (y * 256 + x) * 3 + 3)];
    expect(pixel(64, 36)).toEqual([200, 40, 40]);
    expect(pixel(192, 36)).toEqual([40, 160, 60]);
  });

  it('says why there is none', async () => {
    const stream = new SyntheticStream();
    stream.state = 'connecting';
    const server = await serve([stream], { snapshotTimeoutMs: 100 });
    const late = await rawGet(server.port, '/streams/gate/snapshot.jpg');
    expect(late.status).toBe(503);
    expect(late.text).toContain('Expected a restored frame but gate gave none in time (it is connecting)');
    expect((await rawGet(server.port, '/streams/door/snapshot.jpg')).status).toBe(404);
    expect((await rawGet(server.port, '/streams/gate/snapshot.jpg?view=x')).status).toBe(400);
    expect((await rawGet(server.port, '/streams/gate/snapshot.gif')).status).toBe(404);
  });
});

describe('viewer files', () => {
  it('are served with their type and headers that let nothing else run', async () => {
    const server = await serve([]);
    const page = await rawGet(server.port, '/');
    expect(page.status).toBe(200);
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(page.headers['cache-control']).toBe('no-cache');
    expect(page.headers['content-security-policy']).toContain("default-src 'none'; script-src 'self'");
    expect(page.headers['x-content-type-options']).toBe('nosniff');
    const script = await rawGet(server.port, '/assets/main.js');
    expect(script.headers['content-type']).toBe('text/javascript; charset=utf-8');
    expect(script.headers['cache-control']).toContain('immutable');
  });

  it.each([
    '/../package.json',
    '/assets/../../http.test.ts',
    '/assets/..%2f..%2fhttp.test.ts',
    '/..%5c..%5cpackage.json',
    '/%2e%2e/%2e%2e/package.json',
    '//etc/passwd',
    '/assets/main.js%00.html',
    '/assets',
    '/index.html/',
  ])('hold no way out: %s', async (path) => {
    const server = await serve([]);
    const answer = await rawGet(server.port, path);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
  });

  it('may be missing, which is said', async () => {
    const server = await serve([], { viewerDirectory: `${viewerDirectory}/none` });
    const page = await rawGet(server.port, '/');
    expect(page.status).toBe(503);
    expect(page.text).toContain('run \\"npm run build\\"');
  });
});

describe('starting', () => {
  it('says in one sentence that the port is taken', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await expect(serve([], { port })).rejects.toMatchObject({
      code: 'ERR_PORT_IN_USE',
      message: `Expected port ${port} on 127.0.0.1 to be free but another program listens there; choose another one with --port`,
    });
    await new Promise((resolve) => other.close(resolve));
  });

  it.each([
    [{ port: 70_000 }, 'Expected a valid server.port: '],
    [{ host: '0.0.0.0' }, 'Expected a token for a server bound to 0.0.0.0, since everyone on that network could watch'],
    [{ token: 'short' }, 'Expected a valid server.token: '],
    [{ prot: 1 }, 'Expected a valid server: Unrecognized key: "prot"'],
  ])('refuses %j', async (options: object, says) => {
    await expect(serve([], options)).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      message: expect.stringContaining(says),
    });
  });
});

/** Samples by name and labels; throws on a line that is none. */
function parseOpenMetrics(text: string): Map<string, number> {
  const samples = new Map<string, number>();
  for (const line of text.trimEnd().split('\n')) {
    if (line === '# EOF' || /^# (HELP|TYPE|UNIT) [a-zA-Z_:][\w:]* /.test(line)) {
      continue;
    }
    const match = /^([a-zA-Z_:][\w:]*(?:\{[^{}]*\})?) (\S+)(?: # .*)?$/.exec(line);
    if (match?.[1] === undefined || Number.isNaN(Number(match[2]))) {
      throw new Error(`not a sample: ${line}`);
    }
    samples.set(match[1], Number(match[2]));
  }
  return samples;
}
