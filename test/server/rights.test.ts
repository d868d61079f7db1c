import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { silentLog } from '../../src/log/log.js';
import { type RunningServer, type StartServerOptions, startServer } from '../../src/server/server.js';
import type { StreamChange, StreamControl } from '../../src/server/stream-control.js';
import { createToken } from '../../src/server/token.js';
import { SyntheticStream } from './synthetic-stream.js';
import { rawRequest, TestClient, upgradeStatus } from './test-client.js';

const open: RunningServer[] = [];
const made = createToken();
const TOKENS = {
  watcher: 'watcher-of-everything',
  gateWatcher: 'watcher-of-the-gate',
  operator: made.token,
  gateOperator: 'operator-of-the-gate',
  wrong: 'somebody-who-guesses',
};
const tokens = [
  { name: 'gate-watcher', token: TOKENS.gateWatcher, streams: ['gate'] },
  { name: 'operator', sha256: made.sha256, role: 'control' as const },
  { name: 'gate-operator', token: TOKENS.gateOperator, role: 'control' as const, streams: ['gate'] },
];

/** Notes what was asked of it. */
class NotedControl implements StreamControl {
  readonly calls: string[] = [];
  readonly #note = async (call: string) => void this.calls.push(call);
  start = (name: string) => this.#note(`start ${name}`);
  stop = (name: string) => this.#note(`stop ${name}`);
  restart = (name: string) => this.#note(`restart ${name}`);
  change = (name: string, { model, strength }: StreamChange) => this.#note(`change ${name} ${model ?? strength}`);
}

async function serve(options: Partial<StartServerOptions> = {}) {
  const control = new NotedControl();
  const streams = [new SyntheticStream(), new SyntheticStream({ name: 'yard' })];
  const server = await startServer({ streams, control, log: silentLog, port: 0, ...options });
  open.push(server);
  return { server, control };
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe('token × stream × action', () => {
  type Holder = keyof typeof TOKENS | 'nobody';
  type Where = 'gate' | 'yard' | 'none';
  /** HTTP statuses: watch over WebSocket, watch over HTTP (400: let in, then refused its view), look, control. */
  const table: readonly [Holder, Where, socket: number, picture: number, look: number, control: number][] = [
    ['nobody', 'gate', 401, 401, 401, 401],
    ['nobody', 'none', 401, 401, 401, 401],
    ['wrong', 'gate', 401, 401, 401, 401],
    ['wrong', 'none', 401, 401, 401, 401],
    ['watcher', 'gate', 101, 400, 200, 403],
    ['watcher', 'yard', 101, 400, 200, 403],
    ['watcher', 'none', 404, 404, 404, 403],
    ['gateWatcher', 'gate', 101, 400, 200, 403],
    ['gateWatcher', 'yard', 403, 403, 403, 403],
    ['gateWatcher', 'none', 403, 403, 403, 403],
    ['operator', 'gate', 101, 400, 200, 200],
    ['operator', 'yard', 101, 400, 200, 200],
    ['operator', 'none', 404, 404, 404, 404],
    ['gateOperator', 'gate', 101, 400, 200, 200],
    ['gateOperator', 'yard', 403, 403, 403, 403],
    ['gateOperator', 'none', 403, 403, 403, 403],
  ];

  it.each(table)('%s at %s: %i, %i, %i, %i', async (holder, stream, socket, picture, look, change) => {
    const { server, control } = await serve({ token: TOKENS.watcher, tokens });
    const headers = holder === 'nobody' ? {} : bearer(TOKENS[holder]);
    const at = (method: string, path: string) => rawRequest(server.port, { method, path, headers });
    expect(await upgradeStatus(`${server.url}/streams/${stream}`, headers)).toBe(socket);
    expect((await at('GET', `/streams/${stream}/video.mjpg?view=x`)).status).toBe(picture);
    expect((await at('GET', `/streams/${stream}/snapshot.png?view=x`)).status).toBe(picture);
    expect((await at('GET', `/api/streams/${stream}`)).status).toBe(look);
    for (const verb of ['start', 'stop', 'restart']) {
      expect((await at('POST', `/api/streams/${stream}/${verb}`)).status).toBe(change);
    }
    expect(control.calls).toEqual(
      change === 200 ? ['start', 'stop', 'restart'].map((verb) => `${verb} ${stream}`) : [],
    );
  });

  it.each([
    ['watcher', ['gate', 'yard'], 200],
    ['gateWatcher', ['gate'], 403],
    ['operator', ['gate', 'yard'], 200],
    ['gateOperator', ['gate'], 403],
  ] as const)('%s is told of %j, and asks for the metrics of all with %i', async (holder, names, metrics) => {
    const { server } = await serve({ token: TOKENS.watcher, tokens });
    const at = (path: string) => rawRequest(server.port, { path, headers: bearer(TOKENS[holder]) });
    const { streams } = JSON.parse((await at('/api/streams')).text);
    expect(streams.map(({ name }: { name: string }) => name)).toEqual(names);
    const ready = JSON.parse((await at('/readyz')).text);
    expect(ready.streams.map(({ name }: { name: string }) => name)).toEqual(names);
    expect((await at('/metrics')).status).toBe(metrics);
  });

  it('a token in the address may watch, whatever its role, and no more', async () => {
    const { server, control } = await serve({ tokens });
    const path = (verb: string) => `/api/streams/gate${verb}?token=${TOKENS.gateOperator}`;
    expect((await rawRequest(server.port, { path: path('') })).status).toBe(200);
    expect((await rawRequest(server.port, { method: 'POST', path: path('/stop') })).status).toBe(403);
    expect(control.calls).toEqual([]);
  });
});

describe('tokens that change', () => {
  it('send away whose token is good no longer, and nobody else', async () => {
    const { server } = await serve({ token: TOKENS.watcher, tokens });
    const clients = [TOKENS.watcher, TOKENS.gateWatcher, TOKENS.gateOperator].map(
      (token) => new TestClient(`${server.url}/streams/gate`, bearer(token)),
    );
    await Promise.all(clients.map((client) => client.hello()));
    const away = [clients[0]?.closed(), clients[1]?.closed()];
    const [, operator, gateOperator] = tokens;
    server.update({
      tokens: [
        ...(operator ? [operator] : []),
        ...(gateOperator ? [gateOperator] : []),
        { name: 'gate-watcher', token: TOKENS.gateWatcher, streams: ['yard'] },
      ],
    });
    await Promise.all(away);
    expect(clients[2]?.socket.readyState).toBe(WebSocket.OPEN);
    await expect.poll(() => server.clients()).toHaveLength(1);
  });
});

describe('without tokens', () => {
  it('whoever is at this machine may control, but no page of another origin', async () => {
    const { server, control } = await serve();
    const stop = (headers = {}) => rawRequest(server.port, { method: 'POST', path: '/api/streams/gate/stop', headers });
    expect((await stop({ origin: 'https://evil.example' })).status).toBe(403);
    expect((await stop({ origin: 'null' })).status).toBe(403);
    expect(control.calls).toEqual([]);
    expect((await stop({ origin: server.url })).status).toBe(200);
    expect((await stop()).status).toBe(200);
    expect(control.calls).toEqual(['stop gate', 'stop gate']);
  });

  it.each([
    ['for a caller elsewhere', { 'x-forwarded-for': '203.0.113.9' }],
    ['under the name of its own', { host: 'cam.example' }],
  ])('a proxy on this machine is nobody at it: %s', async (_case, headers) => {
    const proxied = { allowedHosts: ['cam.example'], trustedProxies: ['127.0.0.1'] };
    for (const trustedProxies of [[], ['127.0.0.1']]) {
      const { server, control } = await serve({ ...proxied, trustedProxies });
      const stop = await rawRequest(server.port, { method: 'POST', path: '/api/streams/gate/stop', headers });
      expect(stop.status).toBe(401);
      expect(stop.text).toContain('Expected a caller at this machine, since the server knows no token');
      expect(await upgradeStatus(`${server.url}/streams/gate`, headers)).toBe(401);
      expect(control.calls).toEqual([]);
    }
    const { server } = await serve({ ...proxied, allowUnauthenticated: true });
    expect((await rawRequest(server.port, { path: '/api/streams/gate', headers })).status).toBe(200);
    const stop = await rawRequest(server.port, { method: 'POST', path: '/api/streams/gate/stop', headers });
    expect(stop.status).toBe(403);
  });

  it('on a network anyone may watch and none may control', async () => {
    const { server } = await serve({ host: '0.0.0.0', allowUnauthenticated: true });
    expect((await rawRequest(server.port, { path: '/api/streams/gate' })).status).toBe(200);
    expect((await rawRequest(server.port, { method: 'POST', path: '/api/streams/gate/stop' })).status).toBe(403);
  });
});

describe('a change', () => {
  it('names a model of the registry, a strength, and nothing else', async () => {
    const { server, control } = await serve({ tokens });
    const patch = async (body: string) => {
      const headers = { ...bearer(TOKENS.operator), 'content-type': 'application/json' };
      return (await rawRequest(server.port, { method: 'PATCH', path: '/api/streams/gate', headers, body })).status;
    };
    expect(await patch('{"model":"bypass"}')).toBe(200);
    expect(await patch('{"strength":0.5}')).toBe(200);
    expect(control.calls).toEqual(['change gate bypass', 'change gate 0.5']);
    const refused = [
      '{}',
      '[]',
      'null',
      '{"model":"../../etc/passwd"}',
      '{"model":"/etc/passwd"}',
      '{"model":4}',
      '{"strength":1.5}',
      '{"strength":"1"}',
      '{"source":"/etc/passwd"}',
      '{"model":"bypass","pipeline":"filesrc location=/etc/passwd ! fdsink"}',
      '{"model":"bypass ! filesink"}',
      '{"model":',
    ];
    for (const body of refused) {
      expect(await patch(body), body).toBe(400);
    }
    expect(control.calls).toHaveLength(2);
  });

  it('is refused by a server that only shows its streams', async () => {
    const server = await startServer({ streams: [new SyntheticStream()], log: silentLog, port: 0 });
    open.push(server);
    expect((await rawRequest(server.port, { method: 'POST', path: '/api/streams/gate/stop' })).status).toBe(501);
  });
});

describe('new settings', () => {
  it('let another token in and keep the old one out, and name what needs a new start', async () => {
    const { server } = await serve({ token: TOKENS.watcher });
    const look = async (token: string) =>
      (await rawRequest(server.port, { path: '/api/streams', headers: bearer(token) })).status;
    expect(server.update({ port: 0, token: TOKENS.gateWatcher })).toEqual([]);
    expect(await look(TOKENS.watcher)).toBe(401);
    expect(await look(TOKENS.gateWatcher)).toBe(200);
    expect(server.update({ port: 1, jpegQuality: 50 })).toEqual(['port', 'jpegQuality']);
  });
});
