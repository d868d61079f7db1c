import { describe, expect, it } from 'vitest';
import type { Frame, RestoredFrame } from '../../src/frame/frame.js';
import type { PictureEncoder } from '../../src/server/picture-encoder.js';
import { ViewEncoder } from '../../src/server/view-encoder.js';

/** What each encoder of a view was asked for: the frames' numbers, and which of them as key frames. */
function view(name: 'pair' | 'restored') {
  const encoders: { readonly seqs: number[]; readonly keys: number[] }[] = [];
  const open = (): PictureEncoder => {
    const asked = { seqs: [] as number[], keys: [] as number[] };
    const place = encoders.push(asked);
    return {
      encode: async ({ seq, width, height }, wantsKey) => {
        asked.seqs.push(seq);
        if (wantsKey) {
          asked.keys.push(seq);
        }
        return { bytes: Buffer.from([place, seq]), key: wantsKey, width, height };
      },
      dispose: () => undefined,
    };
  };
  return { encoder: new ViewEncoder(name, open), encoders };
}

const picture = (seq: number, data: Uint8Array): Frame => ({
  ...{ width: 2, height: 2, format: 'rgb8', data, seq, session: 1, ptsNs: BigInt(seq), captureTimeMs: 0 },
  discontinuity: false,
});

function frame(seq: number, same: boolean): RestoredFrame {
  const data = new Uint8Array(12);
  const timing = { waitMs: 0, pyramidMs: 0, restoreMs: 0 };
  return { frame: picture(seq, data), source: picture(seq, same ? data : new Uint8Array(12)), timing };
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe('a pair whose pictures are the same', () => {
  it('is compressed once after a while, and both again, from key frames, once they differ', async () => {
    const { encoder, encoders } = view('pair');
    const seconds: number[][] = [];
    for (const seq of range(1, 40)) {
      const { message } = await encoder.encode(frame(seq, seq <= 30), false, false);
      seconds.push([...message.subarray(-2)]);
    }
    const [first, second] = encoders;
    expect(first?.seqs).toEqual(range(1, 40));
    expect(second?.seqs).toEqual([...range(1, 24), ...range(31, 40)]);
    expect(first?.keys).toEqual([25, 31]);
    expect(second?.keys).toEqual([31]);
    expect(seconds).toEqual(range(1, 40).map((seq) => [seq >= 25 && seq <= 30 ? 1 : 2, seq]));
  });

  it('is compressed twice where that comes and goes', async () => {
    const { encoder, encoders } = view('pair');
    for (const seq of range(1, 100)) {
      await encoder.encode(frame(seq, seq % 20 !== 0), false, false);
    }
    expect(encoders.map(({ seqs }) => seqs.length)).toEqual([100, 100]);
    expect(encoders.flatMap(({ keys }) => keys)).toEqual([]);
  });

  it('makes no difference to the view of one picture', async () => {
    const { encoder, encoders } = view('restored');
    for (const seq of range(1, 60)) {
      await encoder.encode(frame(seq, true), false, false);
    }
    expect(encoders).toEqual([{ seqs: range(1, 60), keys: [] }]);
  });
});
