import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../src/log/log.js';
import { type RunningServer, startServer } from '../../src/server/server.js';
import { type SeededRandom, seededRandom } from '../wire/seeded-random.js';
import { SyntheticStream } from './synthetic-stream.js';
import { TestClient } from './test-client.js';

const ROUNDS = 600;
let server: RunningServer | undefined;

afterEach(() => server?.close());

/** What a server answers to bytes on a fresh connection: the first line, or '' when it just hangs up. */
function answerTo(port: number, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.end(bytes, 'latin1'));
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
      socket.destroy();
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(answer.split('\r\n')[0] ?? ''));
  });
}

function pick<T>(random: SeededRandom, choices: readonly T[]): T {
  const choice = choices[random.integer(choices.length)];
  if (choice === undefined) {
    throw new RangeError('nothing to choose from');
  }
  return choice;
}

function hostileRequest(random: SeededRandom): string {
  const garbage = () => Buffer.from(random.bytes(random.integer(40))).toString('latin1');
  const path = pick(random, [
    '/streams/gate',
    '/streams/%',
    '/streams/..%2f..',
    '//',
    '/streams/gate?view=%ff&view=pair',
    '/streams/gate?token=%00',
    'http://[::1',
    '*',
    `/streams/${'a'.repeat(random.integer(3000))}`,
    `/${garbage().replace(/[\s\0]/g, '')}`,
  ]);
  const lines = [
    `${pick(random, ['GET', 'POST', 'OPTIONS', 'BREW', ''])} ${path} HTTP/1.1`,
    `Host: ${pick(random, ['localhost', '127.0.0.1', 'evil.example', '', '[', 'localhost:99999'])}`,
    `Upgrade: ${pick(random, ['websocket', 'h2c', 'WebSocket, x', garbage()])}`,
    `Connection: ${pick(random, ['Upgrade', 'close', 'Upgrade, HTTP2-Settings'])}`,
    `Sec-WebSocket-Key: ${pick(random, ['dGhlIHNhbXBsZSBub25jZQ==', 'short', garbage()])}`,
    `Sec-WebSocket-Version: ${pick(random, ['13', '8', '-1', garbage()])}`,
    `Origin: ${pick(random, ['http://localhost', 'null', 'http://', garbage()])}`,
    `Authorization: ${pick(random, ['Bearer x', 'Bearer', garbage()])}`,
  ];
  const kept = lines.filter((_line, index) => index === 0 || random.integer(8) > 0);
  return `${kept.join('\r\n')}\r\n\r\n${random.integer(3) === 0 ? garbage() : ''}`;
}

describe('hostile requests', () => {
  it('are answered with a status or a closed connection, and never bring the server down', async () => {
    const stream = new SyntheticStream();
    server = await startServer({ streams: [stream], log: silentLog, port: 0 });
    const random = seededRandom(5);
    const seen = new Set<string>();
    for (let round = 0; round < ROUNDS; round += 1) {
      const answer = await answerTo(server.port, hostileRequest(random));
      expect(answer).toMatch(/^(HTTP\/1\.1 (101|4\d\d|503) .*)?$/);
      seen.add(answer.split(' ')[1] ?? 'closed');
    }
    for (const status of ['400', '403', '404', '421']) {
      expect(seen, status).toContain(status);
    }
    const client = new TestClient(`${server.url}/streams/gate`);
    await client.hello();
    stream.emit();
    await client.frame(1);
  });

  it('include WebSocket messages of any bytes', async () => {
    const stream = new SyntheticStream();
    server = await startServer({ streams: [stream], log: silentLog, port: 0, maxMessagesPerSecond: 1_000_000 });
    const client = new TestClient(`${server.url}/streams/gate`);
    await client.hello();
    const random = seededRandom(6);
    const question = '{"type":"clock","clientTimeMs":1}';
    for (let round = 0; round < ROUNDS; round += 1) {
      const bytes = random.integer(2) === 0 ? random.bytes(random.integer(300)) : Buffer.from(question);
      if (bytes.length > 0) {
        bytes[random.integer(bytes.length)] = random.integer(256);
      }
      client.socket.send(random.integer(2) === 0 ? bytes : Buffer.from(bytes).toString('latin1'));
    }
    client.socket.send('{"type":"clock","clientTimeMs":424242}');
    await client.until(() =>
      client.received.some((message) => 'clientTimeMs' in message && message.clientTimeMs === 424242),
    );
  });
});
