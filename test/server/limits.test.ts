import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AddressLimits, networkOf } from '../../src/server/address-limits.js';
import type { StartServerOptions } from '../../src/server/server.js';
import { serve } from './serve.js';
import { rawGet, TestClient, upgradeStatus } from './test-client.js';

const TOKEN = 'correct-horse-battery';

describe('AddressLimits', () => {
  it('lets ten seconds of requests pass at once, then as many a second as it may', () => {
    let nowMs = 0;
    const limits = new AddressLimits({ requestsPerSecond: 2, badTokensPerMinute: 1, now: () => nowMs });
    const taken = () => Array.from({ length: 30 }, () => limits.takeRequest('10.0.0.1')).filter(Boolean).length;
    expect(taken()).toBe(20);
    expect(limits.takeRequest('10.0.0.2')).toBe(true);
    nowMs += 1500;
    expect(taken()).toBe(3);
    nowMs += 3_600_000;
    expect(taken()).toBe(20);
  });

  it('gives wrong tokens back over a minute', () => {
    let nowMs = 0;
    const limits = new AddressLimits({ requestsPerSecond: 1, badTokensPerMinute: 2, now: () => nowMs });
    limits.countBadToken('10.0.0.1');
    limits.countBadToken('10.0.0.1');
    expect(limits.mayTryToken('10.0.0.1')).toBe(false);
    nowMs += 29_000;
    expect(limits.mayTryToken('10.0.0.1')).toBe(false);
    nowMs += 1_000;
    expect(limits.mayTryToken('10.0.0.1')).toBe(true);
  });

  it('forgets the quietest address when there are too many, and counts a /64 as one', () => {
    const limits = new AddressLimits({ requestsPerSecond: 1, badTokensPerMinute: 1, now: () => 0 });
    limits.countBadToken('2001:db8::1');
    expect(limits.mayTryToken('2001:db8::ffff:2')).toBe(false);
    expect(limits.mayTryToken('2001:db8:0:1::1')).toBe(true);
    for (let host = 0; host < 10_000; host += 1) {
      limits.takeRequest(`10.1.${host >> 8}.${host & 255}`);
    }
    expect(limits.mayTryToken('2001:db8::1')).toBe(true);
  });

  it.each([
    ['10.0.0.1', '10.0.0.1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['2001:0db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['', ''],
  ])('knows the network of %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});

describe('a server', () => {
  // Its clock stands still, lest a slow machine earn requests meanwhile.
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
  afterEach(() => void vi.useRealTimers());

  it('answers 429 to an address that asks too often, on HTTP and at the upgrade', async () => {
    const server = await serve({ maxRequestsPerSecond: 1 });
    const statuses: number[] = [];
    for (let round = 0; round < 14; round += 1) {
      statuses.push((await rawGet(server.port, '/healthz')).status);
    }
    expect(statuses.slice(0, 10)).toEqual(Array(10).fill(200));
    expect(statuses.at(-1)).toBe(429);
    expect((await rawGet(server.port, '/healthz')).headers['retry-after']).toBe('5');
    expect(await upgradeStatus(`${server.url}/streams/gate`)).toBe(429);
  });

  it('answers 429 to every token of an address that guesses', async () => {
    const server = await serve({ token: TOKEN, maxBadTokensPerMinute: 3 });
    const look = async (token: string) =>
      (await rawGet(server.port, '/api/streams', { authorization: `Bearer ${token}` })).status;
    expect(await look(TOKEN)).toBe(200);
    expect([await look('guess-1'), await look('guess-2'), await look('guess-3')]).toEqual([401, 401, 401]);
    expect(await look('guess-4')).toBe(429);
    expect(await look(TOKEN)).toBe(429);
    expect(await upgradeStatus(`${server.url}/streams/gate?token=${TOKEN}`)).toBe(429);
    // Who shows none is not guessing.
    expect((await rawGet(server.port, '/api/streams')).status).toBe(401);
    expect((await rawGet(server.port, '/readyz')).status).toBe(200);
  });

  it('has room for so many clients of one address, and so many altogether', async () => {
    const server = await serve({ maxClientsPerAddress: 2 });
    const clients = [1, 2].map(() => new TestClient(`${server.url}/streams/gate`));
    await Promise.all(clients.map((client) => client.hello()));
    expect(await upgradeStatus(`${server.url}/streams/gate`)).toBe(429);
    expect((await rawGet(server.port, '/streams/gate/video.mjpg')).status).toBe(429);
    server.update({ maxClients: 2, maxClientsPerAddress: 3 });
    expect(await upgradeStatus(`${server.url}/streams/gate`)).toBe(503);
    server.update({ maxClientsPerAddress: 3 });
    expect(await upgradeStatus(`${server.url}/streams/gate`)).toBe(101);
  });

  it('believes X-Forwarded-For of a trusted proxy only', async () => {
    const statuses = async (options: Partial<StartServerOptions>) => {
      const server = await serve({ maxRequestsPerSecond: 1, ...options });
      const from = async (address: string) =>
        (await rawGet(server.port, '/healthz', { 'x-forwarded-for': `6.6.6.6, ${address}` })).status;
      for (let round = 0; round < 12; round += 1) {
        await from('10.0.0.1');
      }
      return [await from('10.0.0.1'), await from('10.0.0.2')];
    };
    expect(await statuses({ trustedProxies: ['127.0.0.1'] })).toEqual([429, 200]);
    expect(await statuses({})).toEqual([429, 429]);
  });

  it('closes a connection that stays silent', async () => {
    const server = await serve({ idleTimeoutMs: 1000 });
    const closed = new Promise<string>((resolve) => {
      let text = '';
      const socket = connect(server.port, '127.0.0.1', () =>
        socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n'),
      );
      socket.on('data', (chunk) => {
        text += chunk.toString();
      });
      socket.on('close', () => resolve(text));
    });
    expect(await closed).toMatch(/^HTTP\/1\.1 200 /);
  });
});
