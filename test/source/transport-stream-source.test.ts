/** MPEG-TS over UDP and SRT from real senders on loopback. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { openSource } from '../../src/source/open-source.js';
import { type GstLaunch, startGstLaunch } from '../fixtures/gst-launch.js';
import { freeUdpPort } from '../fixtures/ports.js';
import { ptsStepsMs, watch } from './session.js';

const senders: GstLaunch[] = [];
const FPS = 20;

/** Sends a moving ball, and a tone, as MPEG-TS to `sink`. */
function send(encoder: string, sink: string): GstLaunch {
  const picture = `videotestsrc is-live=true pattern=ball ! video/x-raw,width=322,height=182,framerate=${FPS}/1`;
  const sound = 'audiotestsrc is-live=true ! avenc_aac ! aacparse ! mux.';
  const sender = startGstLaunch(`${sound} ${picture} ! ${encoder} ! mpegtsmux name=mux alignment=7 ! ${sink}`);
  senders.push(sender);
  return sender;
}

const H264 = `x264enc tune=zerolatency speed-preset=ultrafast key-int-max=${FPS}`;
// x265enc says once what a decoder must know; whoever joins later needs it with every key frame, as cameras send it.
const H265 = `x265enc tune=zerolatency speed-preset=ultrafast key-int-max=${FPS} ! h265parse config-interval=-1`;

afterEach(async () => {
  await Promise.all(senders.splice(0).map((sender) => sender.dispose()));
});

/** Pictures with exactly the sender's spacing; the leaky queue may lose some on a busy machine. */
function expectTrueTimes(frames: Parameters<typeof ptsStepsMs>[0]): void {
  for (const step of ptsStepsMs(frames)) {
    const pictures = (step * FPS) / 1_000;
    expect(Math.round(pictures)).toBeGreaterThan(0);
    expect(Math.abs(pictures - Math.round(pictures))).toBeLessThan(0.01);
  }
}

describe('a UDP source', () => {
  it.each([
    ['H.264', H264],
    ['H.265', H265],
  ])(
    'plays %s in MPEG-TS, begun in the middle of the stream, with the times of its sender',
    async (_codec, encoder) => {
      const port = await freeUdpPort();
      send(encoder, `udpsink host=127.0.0.1 port=${port}`);
      const session = watch(openSource(`udp://127.0.0.1:${port}`));
      await session.framesReach(20);
      session.unsubscribe();
      expect(session.frames[0]).toMatchObject({ width: 322, height: 182, format: 'rgb8' });
      expectTrueTimes(session.frames);
    },
  );

  it('says that nothing comes', async () => {
    const port = await freeUdpPort();
    const { error } = await watch(openSource(`udp://127.0.0.1:${port}`, { openTimeoutMs: 1_000 })).ended;
    expect(error).toMatchObject({
      code: 'ERR_SOURCE_OPEN',
      message: `udp://127.0.0.1:${port} sent no picture within 1000 ms; check it and the network, or raise openTimeoutMs`,
    });
  });

  it('notices that its sender has stopped', async () => {
    const port = await freeUdpPort();
    const sender = send(H264, `udpsink host=127.0.0.1 port=${port}`);
    const session = watch(openSource(`udp://127.0.0.1:${port}`, { stallTimeoutMs: 5_000 }));
    await session.framesReach(3);
    await sender.dispose();
    const { error } = await session.ended;
    expect(error).toMatchObject({
      code: 'ERR_SOURCE_STALLED',
      message: `udp://127.0.0.1:${port} has sent nothing for 5000 ms`,
    });
  });

  it('is not misled by packets that are no MPEG-TS', async () => {
    const port = await freeUdpPort();
    const socket = createSocket('udp4');
    const timer = setInterval(() => socket.send(Buffer.alloc(1_316, 'not MPEG-TS '), port, '127.0.0.1'), 5);
    const { error } = await watch(openSource(`udp://127.0.0.1:${port}`, { openTimeoutMs: 1_500 })).ended;
    clearInterval(timer);
    socket.close();
    expect(error?.code).toBe('ERR_SOURCE_OPEN');
    expect(error?.message).toContain(`udp://127.0.0.1:${port} `);
  });

  it('says that another program has the port, and that an address is elsewhere', async () => {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const { port } = socket.address();
    const taken = await Promise.all(
      [`udp://127.0.0.1:${port}`, `srt://127.0.0.1:${port}?mode=listener`].map((uri) => watch(openSource(uri)).ended),
    );
    const { error } = await watch(openSource('udp://192.0.2.1:5000')).ended;
    socket.close();
    expect([...taken.map((end) => end.error?.message), error?.message]).toEqual([
      `udp://127.0.0.1:${port} can't be opened: another program has the port; stop it or choose another port`,
      `srt://127.0.0.1:${port}?mode=listener can't be opened: another program has the port; stop it or choose another port`,
      "udp://192.0.2.1:5000 can't be opened: the address is not one of this machine; leave it out to listen on all of them",
    ]);
    expect(error?.code).toBe('ERR_SOURCE_OPEN');
  });
});

describe('an SRT source', () => {
  it('calls a listener, with a passphrase, and shows it nowhere', async () => {
    const port = await freeUdpPort();
    send(H264, `srtsink uri=srt://127.0.0.1:${port}?mode=listener passphrase=hunter2hunter2 pbkeylen=16`);
    const source = openSource(`srt://127.0.0.1:${port}?passphrase=hunter2hunter2&pbkeylen=16&latency=60`);
    expect(source.label).toBe(`srt://127.0.0.1:${port}?passphrase=***&pbkeylen=16&latency=60`);
    const session = watch(source);
    await session.framesReach(10);
    session.unsubscribe();
    expect(session.frames[0]).toMatchObject({ width: 322, height: 182 });
    // GStreamer bends the times of SRT to when packets came: they rise, but keep the sender's spacing only roughly.
    expect(Math.min(...ptsStepsMs(session.frames))).toBeGreaterThan(0);
  });

  it('listens for a caller', async () => {
    const port = await freeUdpPort();
    const session = watch(openSource(`srt://:${port}?mode=listener`));
    let over = false;
    // A caller gives up after three seconds: it calls again where the listener was not there yet.
    const call = () => {
      const { child } = send(H264, `srtsink uri=srt://127.0.0.1:${port}?mode=caller`);
      child.once('exit', () => over || call());
    };
    call();
    await session.framesReach(5).finally(() => {
      over = true;
    });
    session.unsubscribe();
  });

  it('says that nothing answers', async () => {
    const port = await freeUdpPort();
    const { error } = await watch(openSource(`srt://127.0.0.1:${port}`, { openTimeoutMs: 4_000 })).ended;
    expect(error?.code).toBe('ERR_SOURCE_OPEN');
    expect(error?.message).toMatch(new RegExp(`srt://127\\.0\\.0\\.1:${port}`));
  });
});
