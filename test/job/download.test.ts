import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DownloadProgress, download } from '../../src/job/download.js';
import { seededRandom } from '../wire/seeded-random.js';
import { type FileServer, startFileServer } from './file-server.js';

const content = seededRandom(3).bytes(300_000);
const sha256 = createHash('sha256').update(content).digest('hex');

let folder: string;
let file: string;
let server: FileServer;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limpid-download-'));
  file = join(folder, 'file.pth');
  server = await startFileServer(content);
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

/** Lets the server know what has come, so that it breaks off there and not before. */
const onProgress = ({ received }: DownloadProgress) => server.seen(received);
const arrived = async () => Buffer.from(content).equals(await readFile(file));

it('fetches a file, says how far it is, and leaves nothing else', async () => {
  const progress: DownloadProgress[] = [];
  expect(await download(server.url, file, { onProgress: (one) => progress.push(one) })).toBe(sha256);
  expect(await arrived()).toBe(true);
  expect(await readdir(folder)).toEqual(['file.pth']);
  expect(progress[0]).toEqual({ received: 0, total: 300_000 });
  expect(progress.at(-1)).toEqual({ received: 300_000, total: 300_000 });
  expect(server.requests[0]).toMatchObject({ 'accept-encoding': 'identity' });
});

it('fetches a file of unknown length', async () => {
  server.manner = { chunked: true };
  expect(await download(server.url, file)).toBe(sha256);
});

describe('a connection that breaks', () => {
  it('is taken up where it broke off', async () => {
    server.manner = { breaks: [100_000, 50_000] };
    expect(await download(server.url, file, { onProgress })).toBe(sha256);
    expect(server.requests.map(({ range }) => range)).toEqual([undefined, 'bytes=100000-', 'bytes=150000-']);
  });

  it('is taken up by the next run, and progress goes on from there', async () => {
    server.manner = { breaks: [100_000] };
    await expect(download(server.url, file, { attempts: 1, onProgress })).rejects.toMatchObject({
      code: 'ERR_DOWNLOAD',
      message: expect.stringMatching(
        /^Expected to fetch all of http:\S+ but the connection broke \(\S+\) after 100000 bytes; run it again to go on$/,
      ),
    });
    expect((await readdir(folder)).sort()).toEqual(['file.pth.part', 'file.pth.resume']);
    const progress: DownloadProgress[] = [];
    expect(await download(server.url, file, { onProgress: (one) => progress.push(one) })).toBe(sha256);
    expect(progress[0]).toEqual({ received: 100_000, total: 300_000 });
    expect(server.requests[1]).toMatchObject({ range: 'bytes=100000-', 'if-range': '"one"' });
  });

  it('begins anew where the server has another file by now', async () => {
    server.manner = { breaks: [100_000] };
    await expect(download(server.url, file, { attempts: 1, onProgress })).rejects.toThrow();
    server.manner = { etag: '"two"' };
    server.content = content.map((byte) => byte ^ 1);
    await download(server.url, file, { onProgress });
    expect(Buffer.from(server.content).equals(await readFile(file))).toBe(true);
  });

  it.each([null, 'W/"weak"'])('begins anew where the server gives no mark to know the file by: %s', async (etag) => {
    server.manner = { breaks: [100_000], etag };
    expect(await download(server.url, file, { onProgress })).toBe(sha256);
    expect(server.requests.map(({ range }) => range)).toEqual([undefined, undefined]);
  });

  it('begins anew where all that was left is there already', async () => {
    await writeFile(`${file}.part`, content);
    await writeFile(`${file}.resume`, JSON.stringify({ url: server.url, validator: '"one"' }));
    expect(await download(server.url, file, { onProgress })).toBe(sha256);
  });

  it('begins anew after a partial file of another address, or notes that are none', async () => {
    for (const notes of [JSON.stringify({ url: 'http://elsewhere/', validator: '"one"' }), '{', '[]']) {
      await writeFile(`${file}.part`, 'something else');
      await writeFile(`${file}.resume`, notes);
      expect(await download(server.url, file, { onProgress })).toBe(sha256);
    }
  });

  it('is given up after three times, and what came is kept', async () => {
    server.manner = { breaks: [1000, 1000, 1000] };
    await expect(download(server.url, file, { onProgress })).rejects.toThrow('after 3000 bytes; run it again to go on');
    expect((await stat(`${file}.part`)).size).toBe(3000);
  });

  it('that only stalls is given up as well', async () => {
    server.manner = { stallAfter: 1000 };
    await expect(download(server.url, file, { attempts: 2, stallTimeoutMs: 500 })).rejects.toThrow(
      /but nothing came for 0.5 s after \d+ bytes; run it again to go on$/,
    );
  });
});

describe('refusals', () => {
  const answer = (status: number, headers: Record<string, string>, body = '') => {
    server.manner = { answer: (response) => response.writeHead(status, headers).end(body) };
  };

  it('no network', async () => {
    const { url } = server;
    await server.close();
    const { host } = new URL(url);
    await expect(download(url, file)).rejects.toMatchObject({
      code: 'ERR_DOWNLOAD',
      message: `Expected to fetch ${url} but could not reach ${host} (ECONNREFUSED); check the network, or fetch the file elsewhere and use limpid import`,
    });
  });

  it('no name server', async () => {
    await expect(download('http://nowhere.invalid/x.pth', file)).rejects.toThrow(
      /^Expected to fetch http:\/\/nowhere\.invalid\/x\.pth but could not reach nowhere\.invalid \((ENOTFOUND|EAI_AGAIN)\)/,
    );
  });

  it('a file that is not there', async () => {
    answer(404, {});
    await expect(download(server.url, file)).rejects.toThrow(
      `Expected a file at ${server.url} but received HTTP status 404`,
    );
    expect(await readdir(folder)).toEqual([]);
  });

  it('a page that asks for something', async () => {
    answer(200, { 'content-type': 'text/html; charset=utf-8' }, '<html>');
    await expect(download(server.url, file)).rejects.toThrow(
      `Expected a file at ${server.url} but received a web page; open the address in a browser and use limpid import`,
    );
  });

  it('more than may come', async () => {
    await expect(download(server.url, file, { maxBytes: 1000 })).rejects.toThrow(
      `Expected at most 1000 bytes from ${server.url} but received 300000`,
    );
    server.manner = { chunked: true };
    await expect(download(server.url, file, { maxBytes: 1000 })).rejects.toThrow(
      `Expected at most 1000 bytes from ${server.url} but received more`,
    );
  });
});
