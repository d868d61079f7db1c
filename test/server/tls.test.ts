import { execFileSync } from 'node:child_process';
import { copyFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { silentLog } from '../../src/log/log.js';
import { type RunningServer, startServer } from '../../src/server/server.js';
import { scratchFolder } from '../fixtures/video-files.js';
import { SyntheticStream } from './synthetic-stream.js';

const folder = scratchFolder('tls');
const at = (name: string) => join(folder, name);
let server: RunningServer | undefined;

afterEach(() => server?.close());

function makeCertificate(name: string): void {
  const subject = ['-subj', `/CN=${name}`, '-days', '2'];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const files = ['-keyout', at(`${name}.key`), '-out', at(`${name}.pem`)];
  execFileSync('openssl', ['req', '-x509', ...key, ...subject, ...files], { stdio: 'ignore' });
}

function install(name: string): void {
  copyFileSync(at(`${name}.pem`), at('cert.pem'));
  copyFileSync(at(`${name}.key`), at('key.pem'));
}

/** Status of /healthz, and whose certificate was shown. */
function look(port: number): Promise<{ status: number | undefined; subject: unknown }> {
  return new Promise((resolve, reject) => {
    const options = { port, host: 'localhost', path: '/healthz', rejectUnauthorized: false, agent: false as const };
    get(options, (response) => {
      const subject = (response.socket as TLSSocket).getPeerCertificate().subject.CN;
      response.resume().on('end', () => resolve({ status: response.statusCode, subject }));
    }).on('error', reject);
  });
}

const tls = { cert: at('cert.pem'), key: at('key.pem') };
const start = () => startServer({ streams: [new SyntheticStream()], log: silentLog, host: 'localhost', port: 0, tls });

describe('TLS', () => {
  it('serves https and wss, takes a renewed certificate, and keeps the old one when the new is broken', async () => {
    makeCertificate('first');
    makeCertificate('second');
    install('first');
    server = await start();
    expect(server.url).toBe(`https://localhost:${server.port}`);
    expect(await look(server.port)).toEqual({ status: 200, subject: 'first' });
    const socket = new WebSocket(`${server.url.replace('https', 'wss')}/streams/gate`, { rejectUnauthorized: false });
    const hello = await new Promise<string>((resolve, reject) => {
      socket.on('message', (data) => resolve(data.toString()));
      socket.on('error', reject);
    });
    expect(JSON.parse(hello)).toMatchObject({ type: 'hello', stream: 'gate' });

    install('second');
    await server.renewCertificate();
    expect(await look(server.port)).toEqual({ status: 200, subject: 'second' });
    expect(socket.readyState).toBe(WebSocket.OPEN);
    writeFileSync(at('cert.pem'), 'nonsense');
    await server.renewCertificate();
    expect(await look(server.port)).toEqual({ status: 200, subject: 'second' });
    socket.terminate();
  });

  it('is not begun with files that do not belong together, or are not there', async () => {
    makeCertificate('first');
    makeCertificate('second');
    install('first');
    copyFileSync(at('second.key'), at('key.pem'));
    await expect(start()).rejects.toMatchObject({ code: 'ERR_CONFIG', message: expect.stringContaining('server.tls') });
    const missing = startServer({ streams: [], log: silentLog, port: 0, tls: { ...tls, key: at('none.pem') } });
    await expect(missing).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      message: expect.stringContaining('server.tls.key'),
    });
  });
});
