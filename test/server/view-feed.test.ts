import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Frame } from '../../src/frame/frame.js';
import { silentLog } from '../../src/log/log.js';
import { createJpegEncoder, jpegPictures } from '../../src/server/jpeg-encoder.js';
import type { EncodedFrame } from '../../src/server/view-encoder.js';
import { createViewFeed } from '../../src/server/view-feed.js';
import { SyntheticStream } from './synthetic-stream.js';

/** An encoder whose every picture the test finishes by hand. */
function manualEncoder() {
  const started: { readonly frame: Frame; readonly finish: () => void; readonly fail: () => void }[] = [];
  const encode = (frame: Frame) =>
    new Promise<Buffer>((resolve, reject) => {
      started.push({ frame, finish: () => resolve(Buffer.from([frame.seq])), fail: () => reject(new Error('broken')) });
    });
  return { started, openEncoder: jpegPictures(encode) };
}

/** Counts how many encoders were opened and ended. */
function countedEncoders() {
  const count = { opened: 0, disposed: 0 };
  const openEncoder = () => {
    count.opened += 1;
    return {
      encode: async ({ width, height }: Frame) => ({ bytes: Buffer.of(1), key: true, width, height }),
      dispose: () => {
        count.disposed += 1;
      },
    };
  };
  return { count, openEncoder };
}

function collect(feed: ReturnType<typeof createViewFeed>) {
  const frames: EncodedFrame[] = [];
  return { frames, subscription: feed.frames$.subscribe((frame) => frames.push(frame)) };
}

afterEach(() => {
  vi.useRealTimers();
});

describe('view feed', () => {
  it('encodes nothing while nobody watches', () => {
    const stream = new SyntheticStream();
    const { started, openEncoder } = manualEncoder();
    const feed = createViewFeed({ stream, view: 'restored', openEncoder, log: silentLog });
    stream.emit();
    const { subscription } = collect(feed);
    stream.emit();
    subscription.unsubscribe();
    stream.emit();
    expect(started.map(({ frame }) => frame.seq)).toEqual([2]);
    expect(stream.restored$.observed).toBe(false);
  });

  it('encodes once for all who watch, one frame at a time, newest first', async () => {
    const stream = new SyntheticStream();
    const { started, openEncoder } = manualEncoder();
    const feed = createViewFeed({ stream, view: 'restored', openEncoder, log: silentLog });
    const one = collect(feed);
    const two = collect(feed);
    stream.emit();
    stream.emit();
    stream.emit();
    expect(started.length).toBe(1);
    expect(stream.leasesOut).toBe(4); // the frame being encoded and the newest, each with its source
    started[0]?.finish();
    await nextTurn();
    started[1]?.finish();
    await nextTurn();
    expect(one.frames.map(({ header }) => header.seq)).toEqual([1, 3]);
    expect(two.frames).toEqual(one.frames);
    expect(two.frames[0]?.message).toBe(one.frames[0]?.message);
    expect(stream.leasesOut).toBe(0);
  });

  it('goes on after a frame that could not be encoded, and gives it back', async () => {
    const stream = new SyntheticStream();
    const { started, openEncoder } = manualEncoder();
    const { frames } = collect(createViewFeed({ stream, view: 'restored', openEncoder, log: silentLog }));
    stream.emit();
    started[0]?.fail();
    await nextTurn();
    expect(stream.leasesOut).toBe(0);
    stream.emit();
    started[1]?.finish();
    await nextTurn();
    expect(frames.map(({ header }) => header.seq)).toEqual([2]);
  });

  it('gives back what waited when the last client leaves', async () => {
    const stream = new SyntheticStream();
    const { started, openEncoder } = manualEncoder();
    const { subscription, frames } = collect(createViewFeed({ stream, view: 'pair', openEncoder, log: silentLog }));
    stream.emit();
    stream.emit();
    subscription.unsubscribe();
    expect(stream.leasesOut).toBe(2);
    for (const { finish } of started) {
      finish();
    }
    await nextTurn();
    expect(stream.leasesOut).toBe(0);
    expect(frames).toEqual([]);
  });

  it('keeps its encoder for a viewer who comes back within ten seconds, and no longer', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const stream = new SyntheticStream();
    const { count, openEncoder } = countedEncoders();
    const feed = createViewFeed({ stream, view: 'restored', openEncoder, log: silentLog });
    collect(feed).subscription.unsubscribe();
    vi.advanceTimersByTime(9_999);
    const back = collect(feed);
    vi.advanceTimersByTime(60_000);
    expect(count).toEqual({ opened: 1, disposed: 0 });
    // Who leaves while a frame is being encoded leaves an encoder behind as well.
    stream.emit();
    back.subscription.unsubscribe();
    await nextTurn();
    vi.advanceTimersByTime(9_999);
    expect(count).toEqual({ opened: 1, disposed: 0 });
    vi.advanceTimersByTime(1);
    expect(count).toEqual({ opened: 1, disposed: 1 });
    collect(feed);
    expect(count.opened).toBe(2);
  });

  it('tells a discontinuity with the next frame that is shown', async () => {
    const stream = new SyntheticStream();
    const { started, openEncoder } = manualEncoder();
    const { frames } = collect(createViewFeed({ stream, view: 'restored', openEncoder, log: silentLog }));
    stream.emit(); // seq 1 is a discontinuity
    started[0]?.finish();
    await nextTurn();
    stream.emit();
    started[1]?.finish();
    await nextTurn();
    expect(frames.map(({ header }) => header.discontinuity)).toEqual([true, false]);
  });

  it('does not call a frame restored that is shown upscaled', async () => {
    const stream = new SyntheticStream();
    const { started, openEncoder } = manualEncoder();
    const { frames } = collect(createViewFeed({ stream, view: 'restored', openEncoder, log: silentLog }));
    stream.emit();
    started[0]?.finish();
    await nextTurn();
    stream.emit(undefined, undefined, 'overload');
    started[1]?.finish();
    await nextTurn();
    expect(frames.map(({ header }) => header.restored)).toEqual([true, false]);
  });

  it('compresses a picture once for the views that share it', async () => {
    const stream = new SyntheticStream();
    let encodes = 0;
    const openEncoder = jpegPictures(
      createJpegEncoder(85, () => {
        encodes += 1;
      }),
    );
    const restored = collect(createViewFeed({ stream, view: 'restored', openEncoder, log: silentLog }));
    const pair = collect(createViewFeed({ stream, view: 'pair', openEncoder, log: silentLog }));
    stream.emit();
    while (restored.frames.length + pair.frames.length < 2) {
      await nextTurn();
    }
    expect(encodes).toBe(2); // the restored picture and the source
    expect(pair.frames[0]?.payload).toEqual(restored.frames[0]?.payload);
  });
});
