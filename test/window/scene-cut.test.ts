import { from, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { Frame } from '../../src/frame/frame.js';
import { frameWindow } from '../../src/window/frame-window.js';
import { markSceneCuts, SceneCuts } from '../../src/window/scene-cut.js';
import { testFrame } from '../fixtures/frames.js';
import { type Look, sceneFrame } from '../fixtures/scenes.js';

const size = { width: 96, height: 54 };

/** Seqs of the frames that begin a scene. */
function cutsIn(frames: readonly Frame[]): number[] {
  const found: number[] = [];
  from(frames)
    .pipe(markSceneCuts(({ seq }) => found.push(seq)))
    .subscribe();
  return found;
}

/** Scenes of `length` frames each, as `look` has them at a place in their scene. */
function clip(scenes: number, length: number, look: (scene: number, at: number) => Look): Frame[] {
  return Array.from({ length: scenes * length }, (_, seq) => {
    const scene = Math.floor(seq / length);
    return sceneFrame(scene, seq, size, look(scene, seq % length));
  });
}

describe('scene cuts', () => {
  it('finds 20 hard cuts among 5 flashes and fast pans, and nothing else', () => {
    const length = 8;
    const flashed = new Set([1, 5, 9, 13, 17]);
    const frames = clip(21, length, (scene, at) => ({
      // Every third scene is panned over by an eighth of the picture's width a frame.
      pan: scene % 3 === 0 ? at * 0.125 : at * 0.01,
      ...(flashed.has(scene) && (at === 3 || at === 4) ? { gain: 1.5, offset: 25 } : {}),
    }));
    expect(cutsIn(frames)).toEqual(Array.from({ length: 20 }, (_, i) => (i + 1) * length));
  });

  it('takes neither a white flash nor what follows it for a new scene', () => {
    const frames = clip(1, 8, (_, at) => (at === 3 ? { gain: 4, offset: 200 } : {}));
    expect(cutsIn(frames)).toEqual([]);
  });

  it('finds the cut that a white flash hides', () => {
    const frames = [0, 1, 2].map((seq) => sceneFrame(1, seq, size));
    const flash = sceneFrame(1, 3, size, { gain: 4, offset: 200 });
    expect(cutsIn([...frames, flash, sceneFrame(2, 4, size), sceneFrame(2, 5, size)])).toEqual([4]);
  });

  it('finds nothing in flat pictures with grain, in black ones, or in the first', () => {
    const flat = Array.from({ length: 6 }, (_, seq) => sceneFrame(3, seq, size, { gain: 0.01, offset: 100 }));
    const black = Array.from({ length: 3 }, (_, i) => sceneFrame(4, 6 + i, size, { gain: 0 }));
    expect([cutsIn(flat), cutsIn(black)]).toEqual([[], []]);
  });

  it('finds the same cuts at any size', () => {
    for (const [width, height] of [
      [33, 18],
      [640, 360],
    ] as const) {
      const frames = [0, 0, 1, 1].map((scene, seq) => sceneFrame(scene, seq, { width, height }));
      expect(cutsIn(frames), `${width}×${height}`).toEqual([2]);
    }
  });

  it('does not look across a discontinuity, which ends the run anyway', () => {
    const frames = [sceneFrame(1, 0, size), { ...sceneFrame(2, 1, size), discontinuity: true }];
    expect(cutsIn(frames)).toEqual([]);
  });

  it('resets the window by padding', async () => {
    const frames = [0, 1, 2, 3, 4].map((seq) => testFrame(seq, seq === 2 ? { sceneCut: true } : {}));
    const windows: string[] = [];
    from(frames)
      .pipe(frameWindow({ size: 5, padding: 'replicate' }), toArray())
      .subscribe((all) => windows.push(...all.map((window) => window.frames.map(({ seq }) => seq).join(' '))));
    expect(windows).toEqual(['0 0 0 1 1', '0 0 1 1 1', '2 2 2 3 4', '2 2 3 4 4', '2 3 4 4 4']);
  });

  it('reads a fixed number of pixels, whatever the size', () => {
    const data = new Uint8Array(1920 * 1080 * 3);
    let reads = 0;
    const watched = new Proxy(data, {
      get(target, key) {
        reads += typeof key === 'string' && /^\d+$/.test(key) ? 1 : 0;
        return Reflect.get(target, key, target);
      },
    });
    new SceneCuts().begins(testFrame(0, { width: 1920, height: 1080, data: watched }));
    expect(reads).toBe(3 * 4 * 32 * 18);
  });
});
