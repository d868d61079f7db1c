import { describe, expect, it } from 'vitest';
import { silentLog } from '../../src/log/log.js';
import { isLoopback } from '../../src/server/access.js';
import { serve } from './serve.js';
import { rawGet, upgradeStatus } from './test-client.js';

const TOKEN = 'correct-horse-battery';

describe('token', () => {
  const guarded = ['/api/streams', '/metrics', '/streams/gate/snapshot.jpg?view=x', '/streams/gate/video.mjpg?view=x'];

  it.each(guarded)('is asked for at %s', async (path) => {
    const server = await serve({ token: TOKEN });
    const join = path.includes('?') ? '&' : '?';
    const right = path.startsWith('/streams') ? 400 : 200;
    const bare = await rawGet(server.port, path);
    expect(bare.status).toBe(401);
    expect(bare.headers['www-authenticate']).toBe('Bearer');
    const cases: readonly [string, Record<string, string>, number][] = [
      [path, { authorization: `Bearer ${TOKEN}` }, right],
      [path, { authorization: `bearer  ${TOKEN}` }, right],
      [`${path}${join}token=${TOKEN}`, {}, right],
      [path, { authorization: `Basic ${TOKEN}` }, 401],
      [path, { authorization: `Bearer ${TOKEN}x` }, 401],
      [path, { authorization: 'Bearer' }, 401],
      [`${path}${join}token=`, {}, 401],
      [`${path}${join}token=${TOKEN.toUpperCase()}`, {}, 401],
    ];
    for (const [url, headers, status] of cases) {
      expect((await rawGet(server.port, url, headers)).status, `${url} ${JSON.stringify(headers)}`).toBe(status);
    }
  });

  it('is asked for by the WebSocket, before it says which streams there are', async () => {
    const server = await serve({ token: TOKEN });
    const url = `${server.url}/streams`;
    expect(await upgradeStatus(`${url}/gate`)).toBe(401);
    expect(await upgradeStatus(`${url}/none`)).toBe(401);
    expect(await upgradeStatus(`${url}/gate?token=wrong`)).toBe(401);
    expect(await upgradeStatus(`${url}/gate?token=${TOKEN}`)).toBe(101);
    expect(await upgradeStatus(`${url}/gate`, { authorization: `Bearer ${TOKEN}` })).toBe(101);
    expect(await upgradeStatus(`${url}/none?token=${TOKEN}`)).toBe(404);
  });

  it('is not asked for by probes, which then learn no names', async () => {
    const server = await serve({ token: TOKEN });
    expect((await rawGet(server.port, '/healthz')).status).toBe(200);
    const ready = await rawGet(server.port, '/readyz');
    expect(ready.status).toBe(200);
    expect(JSON.parse(ready.text)).toEqual({ ready: true });
    expect((await rawGet(server.port, `/readyz?token=${TOKEN}`)).text).toContain('gate');
  });

  it('never reaches the log', async () => {
    const lines: string[] = [];
    const log = { ...silentLog, debug: (...args: unknown[]) => lines.push(args.join(' ')) };
    const server = await serve({ token: TOKEN, log: log as typeof silentLog });
    await rawGet(server.port, `/api/streams?token=${TOKEN}`);
    await upgradeStatus(`${server.url}/streams/none?token=${TOKEN}`);
    expect(lines.join('\n')).toContain('/api/streams?token=***');
    expect(lines.join('\n')).not.toContain(TOKEN);
  });
});

describe('origin', () => {
  it('lets pages of this server and of allowed ones open a WebSocket, and no others', async () => {
    const server = await serve({ allowedOrigins: ['https://watch.example/'] });
    const url = `${server.url}/streams/gate`;
    const from = (origin: string) => upgradeStatus(url, { origin });
    expect(await from(server.url)).toBe(101);
    expect(await from('https://watch.example')).toBe(101);
    expect(await from('https://evil.example')).toBe(403);
    expect(await from('http://127.0.0.1:1')).toBe(403);
    expect(await from('null')).toBe(403);
  });
});

describe('host', () => {
  it('of a server on loopback must name this machine, whatever DNS says', async () => {
    const server = await serve({ allowedHosts: ['Limpid.test'] });
    const status = async (host: string) => (await rawGet(server.port, '/healthz', { host })).status;
    expect(await status('localhost')).toBe(200);
    expect(await status(`127.0.0.1:${server.port}`)).toBe(200);
    expect(await status('[::1]:8080')).toBe(200);
    expect(await status('limpid.test:80')).toBe(200);
    expect(await status('rebound.example')).toBe(421);
    expect(await status('127.0.0.1.example')).toBe(421);
    expect(await upgradeStatus(`${server.url}/streams/gate`, { host: 'rebound.example' })).toBe(421);
  });
});

describe('binding beyond loopback', () => {
  it('needs a token or an explicit word', async () => {
    await expect(serve({ host: '0.0.0.0' })).rejects.toMatchObject({ code: 'ERR_CONFIG' });
    await serve({ host: '0.0.0.0', token: TOKEN });
    const server = await serve({ host: '0.0.0.0', allowUnauthenticated: true });
    expect(server.url).toBe(`http://localhost:${server.port}`);
  });

  it.each([
    ['127.0.0.1', true],
    ['127.8.8.8', true],
    ['localhost', true],
    ['::1', true],
    ['[::1]', true],
    ['0.0.0.0', false],
    ['::', false],
    ['192.168.1.2', false],
    ['127.0.0.1.example', false],
    ['localhost.example', false],
  ])('knows that %s is %s', (host, loopback) => {
    expect(isLoopback(host)).toBe(loopback);
  });
});
