import { describe, expect, it } from 'vitest';
import { FrameHistory, firstShowable } from '../../src/viewer/frame-history.js';
import { decodeFrameMessage, encodeFrameHeader, type FrameMessage } from '../../src/wire/frame-message.js';

function frame(seq: number, captureTimeMs: number, key: boolean, bytes = 10): FrameMessage {
  const header = encodeFrameHeader(
    {
      key,
      restored: true,
      discontinuity: false,
      pair: false,
      seq,
      session: 1,
      ptsNs: 0n,
      captureTimeMs,
      sentTimeMs: captureTimeMs,
      width: 4,
      height: 4,
      sourceWidth: 1,
      sourceHeight: 1,
      latencyMs: 0,
    },
    bytes,
  );
  const message = new Uint8Array(header.byteLength + bytes);
  message.set(header);
  return decodeFrameMessage(message);
}

describe('FrameHistory', () => {
  it('keeps the last seconds', () => {
    const history = new FrameHistory({ spanMs: 1000, bytes: 1_000_000 });
    for (let seq = 0; seq < 100; seq += 1) {
      history.push(frame(seq, seq * 100, true));
    }
    expect(history.frames.map(({ seq }) => seq)).toEqual([89, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99]);
  });

  it('never keeps more bytes than it may', () => {
    const history = new FrameHistory({ spanMs: 1_000_000, bytes: 95 });
    for (let seq = 0; seq < 30; seq += 1) {
      history.push(frame(seq, seq, true, 20));
      expect(history.bytes).toBeLessThanOrEqual(95);
    }
    expect(history.frames.length).toBe(4);
    history.clear();
    expect([history.frames.length, history.bytes]).toEqual([0, 0]);
  });

  it('knows the first frame that can be decoded', () => {
    expect(firstShowable([frame(1, 0, false), frame(2, 0, true), frame(3, 0, false)])).toBe(1);
    expect(firstShowable([frame(1, 0, false)])).toBe(-1);
  });
});
