import { describe, expect, it } from 'vitest';
import { DecoderTrace } from '../../src/media/decoder-trace.js';

function line(element: string, ns: string | number): string {
  const fields = `element-id=(string)0x7f79, element=(string)${element}, src=(string)src, time=(guint64)${ns}, ts=(guint64)109;`;
  return `0:00:01.089341867  6923 0x7f79a80a7c60 TRACE             GST_TRACER :0:: element-latency, ${fields}\n`;
}

function readAll(text: string, pieceLength = text.length) {
  const times: number[] = [];
  const trace = new DecoderTrace((ms) => times.push(ms));
  let others = '';
  for (let at = 0; at < text.length; at += pieceLength) {
    others += trace.push(text.slice(at, at + pieceLength));
  }
  return { times, others };
}

describe('the trace of a decoder', () => {
  it.each(['avdec_h264-0', 'avdec_h265-12', 'nvh264dec0', 'jpegdec1', 'dav1ddec0', 'vp9dec3'])(
    'times %s',
    (element) => {
      expect(readAll(line(element, 1_313_393))).toEqual({ times: [1.313393], others: '' });
    },
  );

  it.each(['decodebin0', 'rtph264depay0', 'h264parse0', 'queue0', 'videoconvert0'])('leaves out %s', (element) => {
    expect(readAll(line(element, 5))).toEqual({ times: [], others: '' });
  });

  it('is read from pieces of any length, and leaves what else is written as it was', () => {
    const text = `warning: a\n${line('avdec_h264-0', 2_000_000)}Bus error\n${line('avdec_h264-0', 4_500_000)}end`;
    for (const length of [1, 7, 64, 1000]) {
      expect(readAll(text, length)).toEqual({ times: [2, 4.5], others: 'warning: a\nBus error\n' });
    }
  });

  it('keeps nothing of lines that never end, and of times that are none', () => {
    expect(readAll('x'.repeat(100_000), 1000).others.length).toBeGreaterThan(90_000);
    expect(readAll(line('avdec_h264-0', '99999999999999999999')).times).toEqual([]);
    expect(readAll(line('avdec_h264-0', '-3')).times).toEqual([]);
  });
});
