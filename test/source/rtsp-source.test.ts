/** RTSP sources against a real server on loopback, and its deaths. */
import { execFile, execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { lastValueFrom, take } from 'rxjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { fillLaunchText, readLaunchText } from '../../src/media/launch-text.js';
import { openSource } from '../../src/source/open-source.js';
import { openRtsp } from '../../src/source/rtsp-source.js';
import { sourceOptionsSchema } from '../../src/source/source-options.js';
import { pythonWithGi, type RtspServer, type RtspServerOptions, startRtspServer } from '../fixtures/rtsp-server.js';
import { scratchFolder } from '../fixtures/video-files.js';
import { ptsStepsMs, watch } from './session.js';

/** Opens a text again and again in one process. */
const JOINS = fileURLToPath(new URL('../fixtures/rtsp-joins.py', import.meta.url));

const folder = scratchFolder('rtsp-source');
const servers: RtspServer[] = [];

/** A PEM file with a key and a certificate that only its maker trusts. */
function selfSigned(): string {
  const [key, certificate, both] = ['key.pem', 'certificate.pem', 'both.pem'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const subject = ['-subj', '/CN=127.0.0.1', '-days', '2'];
  const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', certificate, ...subject];
  execFileSync('openssl', args, { stdio: 'ignore' });
  writeFileSync(both, Buffer.concat([readFileSync(key), readFileSync(certificate)]));
  return both;
}

async function serve(options: RtspServerOptions): Promise<RtspServer> {
  const server = await startRtspServer(options);
  servers.push(server);
  return server;
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.dispose()));
});

describe('an RTSP source', () => {
  it.each([
    { codec: 'h264', transport: 'tcp' },
    { codec: 'h264', transport: 'udp' },
    { codec: 'h264', transport: 'auto' },
    { codec: 'h265', transport: 'tcp' },
  ] as const)('plays $codec over $transport as tight RGB frames with rising PTS', async ({ codec, transport }) => {
    const server = await serve({ codec, width: 322, height: 182, fps: 20 });
    const session = watch(openSource(server.uri, { transport }));
    await session.framesReach(20);
    session.unsubscribe();
    for (const { width, height, format, data } of session.frames) {
      expect({ width, height, format, bytes: data.byteLength }).toEqual({
        width: 322,
        height: 182,
        format: 'rgb8',
        bytes: 322 * 182 * 3,
      });
    }
    // The leaky queue may lose frames on a busy machine: steps are whole multiples of a frame.
    for (const step of ptsStepsMs(session.frames)) {
      expect(step).toBeGreaterThan(0);
      expect(Math.abs(step / 50 - Math.round(step / 50))).toBeLessThan(0.01);
    }
    const [first, ...rest] = session.frames.map(({ data }) => Buffer.from(data));
    expect(rest.some((data) => first?.equals(data) === false)).toBe(true);
  });

  it.each(['h264', 'h265'] as const)('shows nothing of %s before its first key frame', async (codec) => {
    const server = await serve({ codec, pattern: 'smpte', fps: 20, gop: 40 });
    // The mount is shared: the second one joins between two key frames.
    const first = watch(openSource(server.uri, { transport: 'tcp' }));
    await first.framesReach(8);
    const second = watch(openSource(server.uri, { transport: 'tcp' }));
    await second.framesReach(3);
    first.unsubscribe();
    second.unsubscribe();
    const [whole, joined] = [first.frames.at(-1), second.frames[0]].map((frame) => Buffer.from(frame?.data ?? []));
    // The upper right colour bar is blue: a picture without its references is grey or green there.
    const blue = (picture: Buffer | undefined) => {
      const { width = 0 } = first.frames[0] ?? {};
      const at = 3 * (60 * width + width - 12);
      return [...(picture ?? Buffer.alloc(0)).subarray(at, at + 3)];
    };
    expect(blue(joined).map((value, i) => Math.abs(value - (blue(whole)[i] ?? 0)))).toSatisfy((differences: number[]) =>
      differences.every((difference) => difference < 12),
    );
  });

  it.each(['h264', 'h265'] as const)(
    'shows what there is of %s without key frames at the second attempt',
    async (codec) => {
      const server = await serve({ codec, pattern: 'smpte', fps: 20, gop: 10_000 });
      // The only key frame must not be dropped as late where the machine is.
      const first = watch(openSource(server.uri, { transport: 'tcp', jitterMs: 60_000 }));
      await first.framesReach(8);
      const options = sourceOptionsSchema.parse({ transport: 'tcp', openTimeoutMs: 3_000 });
      const source = openRtsp(server.uri, { options, rawPipelines: false, warn: () => undefined });
      const { error } = await watch(source).ended;
      expect(error?.code).toBe('ERR_SOURCE_OPEN');
      // The second attempt may take as long as the machine does.
      options.openTimeoutMs = 20_000;
      const again = watch(source);
      await again.framesReach(3);
      again.unsubscribe();
      first.unsubscribe();
    },
  );

  it('times its decoder where it is asked to', async () => {
    const server = await serve({});
    const times: number[] = [];
    const frames = openSource(server.uri, { timeDecoder: true }).session$({ onDecoded: (ms) => times.push(ms) });
    await lastValueFrom(frames.pipe(take(20)));
    // Times come by another pipe than pictures.
    await vi.waitFor(() => expect(times.length).toBeGreaterThan(15), { timeout: 10_000 });
    expect(times.every((ms) => ms > 0)).toBe(true);
  });

  it('plays MJPEG', async () => {
    // RTP's JPEG header counts sizes in eights.
    const server = await serve({ codec: 'mjpeg', width: 328, height: 184 });
    const session = watch(openSource(server.uri));
    await session.framesReach(5);
    session.unsubscribe();
    expect(session.frames[0]).toMatchObject({ width: 328, height: 184 });
  });

  it('leaves the sound of a stream unread unless it is asked for', async () => {
    const server = await serve({ audio: 'alaw' });
    const session = watch(openSource(server.uri));
    await session.framesReach(10);
    session.unsubscribe();
  });

  it('has pictures and sound though both begin at the same moment, two threads linking at once', async () => {
    const server = await serve({ audio: 'aac', width: 160, height: 96, gop: 1 });
    // The mount is shared: as long as someone watches it goes on, and whoever joins gets both at once.
    const watched = watch(openSource(server.uri, { transport: 'tcp' }));
    await watched.framesReach(1);
    const head = fillLaunchText(readLaunchText('source-rtsp'), {
      location: server.uri,
      user: '',
      password: '',
      transport: 'tcp',
      jitterMs: 0,
      udpTimeoutUs: 0,
      tcpTimeoutUs: 5_000_000,
      certificateChecks: 'validate-all',
      damaged: 'false',
      sessionSets: 'application/x-rtp',
    });
    const sound = fillLaunchText(readLaunchText('source-audio-rtp'), {});
    const text = `${head} ! fakesink name=pictures sync=false ${sound} ! fakesink name=sound sync=false async=false`;
    // Linked by filters, one opening in twenty lost one of them.
    const args = [JOINS, '--times', '80', '--timeout', '5', text, 'pictures', 'sound'];
    const { stdout } = await promisify(execFile)(pythonWithGi(), args);
    watched.unsubscribe();
    expect(JSON.parse(stdout)).toEqual({ pictures: 0, sound: 0 });
  });

  it('keeps a variable frame rate', async () => {
    const server = await serve({ fps: 25, variable: true });
    const session = watch(openSource(server.uri, { transport: 'tcp' }));
    await session.framesReach(25);
    session.unsubscribe();
    expect(new Set(ptsStepsMs(session.frames).map((step) => Math.round(step / 40))).size).toBeGreaterThan(1);
  });

  it('logs in with the user and password of the URI, percent-encoded or not', async () => {
    const server = await serve({ user: 'admin', password: 'p@ss/w "o! rd' });
    const uri = server.uri.replace('rtsp://', `rtsp://admin:${encodeURIComponent('p@ss/w "o! rd')}@`);
    const source = openSource(uri);
    expect(source.label).toBe(server.uri.replace('rtsp://', 'rtsp://***@'));
    const session = watch(source);
    await session.framesReach(2);
    session.unsubscribe();
  });

  it('speaks TLS: refuses a certificate that nobody signed unless it is told to trust it', async () => {
    const certificate = selfSigned();
    const server = await serve({ certificate });
    const { error } = await watch(openSource(server.uri, { transport: 'tcp' })).ended;
    expect(error?.code).toBe('ERR_SOURCE_OPEN');
    expect(error?.message).toBe(
      `Nothing answers at ${server.uri}, or its certificate is not trusted; check host, port and network, or set trustAnyCertificate if the camera is yours`,
    );
    const session = watch(openSource(server.uri, { transport: 'tcp', trustAnyCertificate: true }));
    await session.framesReach(3);
    session.unsubscribe();
  });

  it('names a wrong password without repeating it', async () => {
    const server = await serve({ user: 'admin', password: 'right' });
    const session = watch(openSource(server.uri.replace('rtsp://', 'rtsp://admin:hunter2@')));
    const { error } = await session.ended;
    expect(error?.code).toBe('ERR_SOURCE_OPEN');
    expect(error?.message).toBe(
      `rtsp://***@127.0.0.1:${server.port}/live refused the user or password (401); they stand before the host, as in user:password@host`,
    );
    expect(JSON.stringify([error?.message, error?.cause])).not.toContain('hunter2');
  });

  it('says that a stream does not exist', async () => {
    const server = await serve({});
    const { error } = await watch(openSource(`${server.uri}-not`)).ended;
    expect(error?.code).toBe('ERR_SOURCE_OPEN');
    expect(error?.message).toBe(`${server.uri}-not does not exist on its server (404); check the path of the URI`);
  });

  it('says that nothing answers', async () => {
    const server = await serve({});
    await server.kill();
    const { error } = await watch(openSource(server.uri)).ended;
    expect(error?.code).toBe('ERR_SOURCE_OPEN');
    expect(error?.message).toBe(
      `Nothing answers at ${server.uri}; check host, port and network, and that the camera is on`,
    );
  });

  it('notices over tcp that its server was killed, not by its silence', async () => {
    const server = await serve({});
    const session = watch(openSource(server.uri, { transport: 'tcp', stallTimeoutMs: 60_000 }));
    await session.framesReach(5);
    await server.kill();
    const { error } = await session.ended;
    expect(error?.code).toBe('ERR_SOURCE_LOST');
    expect(error?.message).toBe(`${server.uri} ended: its server closed the stream`);
  });

  it('notices over udp that its server was killed, by its silence at the latest', async () => {
    const server = await serve({});
    const session = watch(openSource(server.uri, { transport: 'udp', stallTimeoutMs: 5_000 }));
    await session.framesReach(5);
    await server.kill();
    const { error } = await session.ended;
    expect([
      `${server.uri} has sent nothing for 5000 ms`,
      `${server.uri} ended: its server closed the stream`,
    ]).toContain(error?.message);
  });

  it('notices that its server has stalled', async () => {
    const server = await serve({});
    const session = watch(openSource(server.uri, { transport: 'tcp', stallTimeoutMs: 5_000 }));
    await session.framesReach(5);
    server.pause();
    const { error } = await session.ended;
    expect(error?.code).toBe('ERR_SOURCE_STALLED');
    expect(error?.message).toBe(`${server.uri} has sent nothing for 5000 ms`);
  });

  it('gives up a server that accepts but never answers', async () => {
    const server = await serve({});
    server.pause();
    const { error } = await watch(openSource(server.uri, { openTimeoutMs: 1_000 })).ended;
    expect(error?.code).toBe('ERR_SOURCE_OPEN');
    expect(error?.message).toBe(
      `${server.uri} sent no picture within 1000 ms; check it and the network, or raise openTimeoutMs`,
    );
  });
});
