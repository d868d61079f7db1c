import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import { type EvaluateDeps, evaluate } from '../../src/job/evaluate.js';
import { BicubicEngine } from '../../src/job/evaluate-bicubic.js';
import type { FrameWindow } from '../../src/window/frame-window.js';
import type { PaddingMode } from '../../src/window/padding.js';
import { scene } from '../fixtures/quality/scene.js';
import { writePng } from '../fixtures/quality/write-png.js';
import { scratchFolder } from '../fixtures/video-files.js';

const dir = scratchFolder('evaluate-windows');

describe('evaluate with a model', () => {
  it('hands the engine windows padded as the manifest says, and closes it', async () => {
    const { windows, result, disposals } = await evaluateRecording('reflection_circle', 9, 5);
    expect(windows).toEqual(['43012', '40123', '01234', '12345', '23456', '34567', '45678', '56784', '67854']);
    expect(result.clips).toEqual([{ name: 'long', frames: 9, psnr: expect.any(Number), ssim: expect.any(Number) }]);
    expect(disposals).toBe(1);
  });

  it('hands a second stage what the first restored, padded as its own manifest says', async () => {
    const stages: Recording[] = [];
    const long = await longClip('stages', 6);
    const openEngine = async (model: string) => {
      const stage = new Recording('replicate', 3, model === 'first' ? 2 : 1);
      stages.push(stage);
      return stage;
    };
    const { model, clips } = await evaluate({ model: 'first,second', gt: long }, { openEngine });
    expect(stages.map(({ windows }) => windows)).toEqual([
      ['001', '012', '123', '234', '345', '455'],
      ['001', '012', '123', '234', '345', '455'],
    ]);
    expect(stages.map(({ sizes }) => [...sizes])).toEqual([['12x8'], ['24x16']]);
    expect(stages.map(({ disposals }) => disposals)).toEqual([1, 1]);
    // The second stage leaves the picture as it is: the figures are those of the first alone.
    const alone = await evaluate({ model: 'first', gt: long }, { openEngine });
    expect([model, clips]).toEqual(['first,second', alone.clips]);
  });

  it('falls back to replicate where the clip is shorter than the window', async () => {
    const { windows } = await evaluateRecording('circle', 3, 5);
    expect(windows).toEqual(['00012', '00122', '01222']);
  });

  it('closes the engine when it fails, and passes its error on', async () => {
    let disposals = 0;
    const broken: Engine = {
      spec: { kind: 'test', model: 'broken', scale: 4, window: 1, padding: 'replicate' },
      prepare: () => undefined,
      restore: () => Promise.reject(new Error('the session is gone')),
      forget: () => undefined,
      dispose: async () => {
        disposals += 1;
      },
    };
    const deps: EvaluateDeps = { openEngine: async () => broken };
    await expect(evaluate({ model: 'broken', gt: await longClip('broken', 2) }, deps)).rejects.toThrow(
      'the session is gone',
    );
    expect(disposals).toBe(1);
  });
});

/** A clip of small pictures in a folder of its own. */
async function longClip(name: string, frames: number): Promise<string> {
  const long = join(dir, name, 'long');
  for (let t = 0; t < frames; t += 1) {
    await writePng(join(long, `${t}.png`), scene(2, t, 24, 16));
  }
  return long;
}

/** An engine that notes its windows and upscales by bicubic. */
class Recording implements Engine {
  readonly spec: Engine['spec'];
  readonly windows: string[] = [];
  readonly sizes = new Set<string>();
  disposals = 0;
  readonly #inner: BicubicEngine;

  constructor(padding: PaddingMode, window: number, scale: number) {
    this.#inner = new BicubicEngine(scale);
    this.spec = { kind: 'test', model: 'recording', scale, window, padding };
  }

  prepare(): void {}

  restore(stream: string, window: FrameWindow) {
    this.windows.push(window.frames.map(({ seq }) => seq).join(''));
    this.sizes.add(`${window.reference.width}x${window.reference.height}`);
    return this.#inner.restore(stream, window);
  }

  forget(): void {}

  async dispose(): Promise<void> {
    this.disposals += 1;
  }
}

/** Evaluates a clip of `frames` frames. */
async function evaluateRecording(padding: PaddingMode, frames: number, window: number) {
  const long = await longClip(`${padding}-${frames}`, frames);
  const engine = new Recording(padding, window, 2);
  const result = await evaluate({ model: 'recording', gt: long }, { openEngine: async () => engine });
  return { windows: engine.windows, result, disposals: engine.disposals };
}
