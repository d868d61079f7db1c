import { describe, expect, it } from 'vitest';
import { BypassEngine } from '../../src/engine/bypass-engine.js';
import type { Engine, EngineSpec } from '../../src/engine/engine.js';
import type { RestoredFrame } from '../../src/frame/frame.js';
import { LadderEngine } from '../../src/stream/ladder-engine.js';
import { overloadOptionsSchema } from '../../src/stream/overload-options.js';
import type { FrameWindow } from '../../src/window/frame-window.js';
import { testFrame } from '../fixtures/frames.js';

let nowMs = 0;

/** An engine that takes as long as it is told to, in virtual time. */
class TimedEngine implements Engine {
  readonly spec: EngineSpec;
  costMs: number;
  readonly windows: string[] = [];
  readonly opened: string[] = [];

  constructor(model: string, window: number, costMs: number, scale = 2) {
    this.spec = { kind: 'timed', model, scale, window, padding: 'replicate' };
    this.costMs = costMs;
  }

  async open({ width, height }: { width: number; height: number }): Promise<void> {
    this.opened.push(`${width}x${height}`);
  }

  prepare(): void {}

  async restore(_stream: string, { frames, reference }: FrameWindow): Promise<RestoredFrame> {
    nowMs += this.costMs;
    this.windows.push(frames.map(({ seq }) => seq).join(' '));
    return { frame: reference, source: reference, timing: { waitMs: 0, pyramidMs: 0, restoreMs: this.costMs } };
  }

  forget(): void {}

  async dispose(): Promise<void> {}
}

function open(...engines: readonly [Engine, ...Engine[]]) {
  const lines: string[] = [];
  const overload = overloadOptionsSchema.parse({ minFps: 5, downAfterMs: 1_000, upAfterMs: 2_000 });
  const engine = new LadderEngine({
    engines,
    overload,
    onMove: (_move, sentence) => lines.push(sentence),
    now: () => nowMs,
  });
  let seq = 2;
  /** Restores the next window. */
  const next = () => {
    seq += 1;
    const half = engine.spec.window >> 1;
    const frames = Array.from({ length: engine.spec.window }, (_, i) => testFrame(seq - half + i));
    return engine.restore('gate', { reference: testFrame(seq), frames });
  };
  return { engine, lines, next };
}

describe('an engine with lighter ones to go on with', () => {
  it('gives a lighter model the middle of the window, under the same look-ahead', async () => {
    const [heavy, light] = [new TimedEngine('heavy', 5, 2_000), new TimedEngine('light', 3, 30)];
    const { engine, lines, next } = open(heavy, light);
    await next();
    await next();
    expect(heavy.windows).toEqual(['1 2 3 4 5']);
    expect(light.windows).toEqual(['3 4 5']);
    expect(engine.spec).toMatchObject({ model: 'light', window: 5 });
    expect(lines).toEqual(['overload: heavy makes 0.5 frames a second here, fewer than 5.0; starting with light']);
  });

  it('passes frames on upscaled, counted as overload, and climbs back once the heavy engine is open', async () => {
    const heavy = new TimedEngine('heavy', 3, 2_000);
    const { engine, lines, next } = open(heavy, new BypassEngine(2));
    await next();
    const makeshift = await next();
    expect([makeshift.fallback, makeshift.frame.width, engine.spec.model]).toEqual(['overload', 4, 'bypass']);
    heavy.costMs = 30;
    for (let i = 0; i < 60; i += 1) {
      nowMs += 100;
      await next();
    }
    expect(heavy.opened).toEqual(['2x2']);
    expect(engine.spec.model).toBe('heavy');
    expect((await next()).fallback).toBeUndefined();
    expect(lines.at(-1)).toMatch(/^overload is over: trying heavy again, as bypass makes 25\.0 frames a second$/);
  });

  it('tries the heavy engine by its own frames, however long it takes to open', async () => {
    const [heavy, light] = [new TimedEngine('heavy', 3, 2_000), new TimedEngine('light', 3, 30)];
    const { engine, lines, next } = open(heavy, light);
    let opened: () => void = () => undefined;
    heavy.open = () => new Promise((resolve) => (opened = resolve));
    /** Frames of the light engine until the heavy one is asked to open, s. */
    const wait = async (): Promise<number> => {
      const [told, sinceMs] = [lines.length, nowMs];
      while (lines.length === told) {
        nowMs += 70;
        await next();
      }
      return Math.floor((nowMs - sinceMs) / 1_000);
    };
    await next();
    const waits: number[] = [];
    for (let i = 0; i < 3; i += 1) {
      waits.push(await wait());
      expect(lines.at(-1)).toMatch(/^overload is over: trying heavy again/);
      for (let frame = 0; frame < 30; frame += 1) {
        nowMs += 70;
        await next();
      }
      expect(engine.spec.model).toBe('light');
      opened();
      await Promise.resolve();
      await next();
      expect(lines.at(-1)).toMatch(/^overload: heavy makes 0\.5 frames/);
    }
    expect(waits).toEqual([2, 4, 8]);
  });

  it('takes no two stamps that hardly differ for a source too fast for it', async () => {
    const [heavy, light] = [new TimedEngine('heavy', 5, 300), new TimedEngine('light', 5, 30)];
    const { engine, lines } = open(heavy, light);
    // Two frames a second, of which every fifth has its stamp a millisecond after the one before it.
    const frame = (seq: number) =>
      testFrame(seq, { ptsNs: BigInt(seq % 5 === 0 ? (seq - 1) * 500 + 1 : seq * 500) * 1_000_000n });
    for (let seq = 8; seq < 28; seq += 1) {
      nowMs += 200;
      const frames = [-2, -1, 0, 1, 2].map((i) => frame(seq + i));
      await engine.restore('gate', { reference: frame(seq), frames });
    }
    expect(lines).toEqual([]);
  });

  it('refuses models of different scales in one sentence', () => {
    expect(() => open(new TimedEngine('heavy', 3, 1, 4), new TimedEngine('light', 3, 1, 2))).toThrow(
      'Expected models of one scale but heavy is ×4 and light ×2',
    );
  });
});
