import { describe, expect, it } from 'vitest';
import { BypassEngine } from '../../src/engine/bypass-engine.js';
import { testFrame } from '../fixtures/frames.js';

describe('BypassEngine', () => {
  it('upscales the reference and keeps its place in the stream', async () => {
    const reference = testFrame(3, { width: 5, height: 4, data: new Uint8Array(60).fill(90) });
    const { frame } = await new BypassEngine(4).restore('a', { reference, frames: [reference] });
    expect(frame).toMatchObject({ width: 20, height: 16, seq: 3, ptsNs: 120_000_000n });
    expect(new Set(frame.data)).toEqual(new Set([90]));
    expect(frame.data.length).toBe(20 * 16 * 3);
  });

  it('passes the picture through at scale 1', async () => {
    const reference = testFrame(0);
    const { frame } = await new BypassEngine(1).restore('a', { reference, frames: [reference] });
    expect(frame.data).toBe(reference.data);
  });
});
