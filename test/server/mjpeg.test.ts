import { get } from 'node:http';
import { connect } from 'node:net';
import sharp from 'sharp';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { serve } from './serve.js';
import { SyntheticStream } from './synthetic-stream.js';
import { rawGet, rawRequest } from './test-client.js';

afterEach(() => void vi.useRealTimers());

describe('video.mjpg', () => {
  it('takes one client a connection, and none that asks with HEAD', async () => {
    const server = await serve();
    const text = 'GET /streams/gate/video.mjpg HTTP/1.1\r\nHost: localhost\r\n\r\n';
    const socket = connect(server.port, '127.0.0.1', () => socket.write(text.repeat(4)));
    await expect.poll(() => server.clients().length).toBe(1);
    socket.destroy();
    await expect.poll(() => server.clients().length).toBe(0);
    const head = await rawRequest(server.port, { method: 'HEAD', path: '/streams/gate/video.mjpg' });
    expect(head.status).toBe(404);
    expect(server.clients()).toEqual([]);
  });

  it('sends one part a frame', async () => {
    const stream = new SyntheticStream();
    const server = await serve({ streams: [stream] });
    const text = await new Promise<string>((resolve, reject) => {
      const request = get(`${server.url}/streams/gate/video.mjpg`, (response) => {
        expect(response.headers['content-type']).toBe('multipart/x-mixed-replace; boundary=limpid-frame');
        let received = '';
        stream.emit();
        response.setEncoding('latin1').on('data', (chunk: string) => {
          const before = received.split('--limpid-frame').length;
          received += chunk;
          const parts = received.split('--limpid-frame').length;
          if (parts > 3) {
            request.destroy();
            resolve(received);
          } else if (parts > before) {
            stream.emit();
          }
        });
      });
      request.on('error', reject);
    });
    expect(text).toMatch(/^--limpid-frame\r\nContent-Type: image\/jpeg\r\nContent-Length: \d+\r\n\r\n\xff\xd8/);
  });

  it('shows a slate of the stream until its first picture, and never calls it a frame', async () => {
    // One look after the clients, and no second one while the first picture is on its way.
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const stream = new SyntheticStream();
    const server = await serve({ streams: [stream] });
    const pictures: Buffer[] = [];
    await new Promise<void>((resolve, reject) => {
      const request = get(`${server.url}/streams/gate/video.mjpg`, (response) => {
        let received = Buffer.alloc(0);
        vi.advanceTimersByTime(1000);
        response.on('data', (chunk: Buffer) => {
          received = Buffer.concat([received, chunk]);
          const [first, last] = [received.indexOf(Buffer.of(0xff, 0xd8)), received.indexOf(Buffer.of(0xff, 0xd9))];
          if (first >= 0 && last > first) {
            pictures.push(received.subarray(first, last + 2));
            received = received.subarray(last + 2);
            if (pictures.length === 1) {
              expect(server.clients()[0]?.framesSent).toBe(0);
              stream.emit();
            } else {
              request.destroy();
              resolve();
            }
          }
        });
      });
      request.on('error', reject);
    });
    const [slate, picture] = await Promise.all(pictures.map((jpeg) => sharp(jpeg).stats()));
    // Something drawn on a dark ground; the stream's pictures are all of one colour.
    expect(slate?.channels[0]?.mean).toBeLessThan(60);
    expect(slate?.channels[0]?.stdev).toBeGreaterThan(5);
    expect(picture?.channels[0]?.stdev).toBeLessThan(1);
  });

  it('refuses what has no single picture', async () => {
    const server = await serve();
    expect((await rawGet(server.port, '/streams/gate/video.mjpg?view=pair')).status).toBe(400);
    expect((await rawGet(server.port, '/streams/door/video.mjpg')).status).toBe(404);
  });
});
