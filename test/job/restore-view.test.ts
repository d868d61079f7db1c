import { describe, expect, it } from 'vitest';
import type { Frame, RestoredFrame } from '../../src/frame/frame.js';
import { composeView, viewSize } from '../../src/job/restore-view.js';

const PLAIN = 40;
const RESTORED = 200;
const WHITE = 255;

function frameOf(width: number, height: number, value: number): Frame {
  const data = new Uint8Array(width * height * 3).fill(value);
  return { seq: 0, session: 0, ptsNs: 0n, captureTimeMs: 0, discontinuity: true, width, height, format: 'rgb8', data };
}

/** A flat source of 3×2 beside a flat restored frame of four times its size. */
function restored(pixelAspect?: Frame['pixelAspect']): RestoredFrame {
  const frame = { ...frameOf(12, 8, RESTORED), ...(pixelAspect === undefined ? {} : { pixelAspect }) };
  return { frame, source: frameOf(3, 2, PLAIN), timing: { waitMs: 0, pyramidMs: 0, restoreMs: 0 } };
}

/** The first channel of a row. */
function row(data: Uint8Array, width: number, at: number): number[] {
  return Array.from({ length: width }, (_, column) => data[(at * width + column) * 3] ?? -1);
}

describe('a view of a restored frame', () => {
  it('is the frame itself by default', async () => {
    const pair = restored();
    expect(await composeView('restored', pair)).toBe(pair.frame);
  });

  it('halves the picture: plain, two white columns, restored', async () => {
    const pair = restored();
    const picture = await composeView('half', pair);
    expect(picture).toMatchObject({ width: 12, height: 8 });
    for (const at of [0, 7]) {
      expect(row(picture.data, 12, at)).toEqual([...Array(5).fill(PLAIN), WHITE, WHITE, ...Array(5).fill(RESTORED)]);
    }
    // The engine's buffer is another's too: it is not drawn into.
    expect(new Set(pair.frame.data)).toEqual(new Set([RESTORED]));
  });

  it('sets both side by side, in the size it announced, with the shape of its pixels', async () => {
    const pixelAspect = { numerator: 16, denominator: 15 };
    const picture = await composeView('compare', restored(pixelAspect));
    const { width, height } = viewSize('compare', { width: 12, height: 8 });
    expect(picture).toMatchObject({ width, height, pixelAspect });
    expect(picture.data).toHaveLength(width * height * 3);
    expect(row(picture.data, width, 7)).toEqual([...Array(12).fill(PLAIN), WHITE, WHITE, ...Array(12).fill(RESTORED)]);
  });
});
