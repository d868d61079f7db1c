import { from, lastValueFrom, type MonoTypeOperatorFunction, map, toArray } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import { openEngine } from '../../src/engine/open-engine.js';
import type { Frame } from '../../src/frame/frame.js';
import { Gate } from '../../src/frame/gate.js';
import { restore } from '../../src/stream/restore.js';
import { markSceneCuts } from '../../src/window/scene-cut.js';
import { sceneFrame } from '../fixtures/scenes.js';
import { type TinyModel, writeTinyModel } from '../fixtures/tiny-model.js';

const size = { width: 64, height: 36 };
let model: TinyModel;
let engine: Engine;

beforeAll(async () => {
  model = await writeTinyModel();
  engine = await openEngine('tiny', { modelsDir: model.modelsDir, threads: 1 });
});
afterAll(async () => {
  await engine.dispose();
  await model.dispose();
});

/** Restored pictures of frames, in order. */
function restored(
  stream: string,
  frames: readonly Frame[],
  cuts: MonoTypeOperatorFunction<Frame> = markSceneCuts(),
): Promise<Uint8Array[]> {
  const whole = restore({
    engine,
    stream,
    policy: 'block',
    gate: new Gate(),
    whenRoom: () => Promise.resolve(),
    onSkip: (_frame, _reason, error) => expect.unreachable(error?.message),
  });
  return lastValueFrom(
    from(frames).pipe(
      cuts,
      whole,
      // The buffer is used again for the next frame.
      map(({ frame }) => frame.data.slice()),
      toArray(),
    ),
  );
}

function sameBytes(a: Uint8Array, b: Uint8Array | undefined): boolean {
  return b !== undefined && Buffer.compare(a, b) === 0;
}

describe('a clip with a scene cut', () => {
  it('is restored as its scenes are one by one: nothing of a scene is in the other', async () => {
    const scene = (seed: number, first: number) =>
      [0, 1, 2, 3].map((i) => sceneFrame(seed, first + i, size, { pan: i * 0.02 }));
    const [before, after] = [scene(1, 0), scene(2, 4)];
    const together = await restored('together', [...before, ...after]);
    const apart = [...(await restored('before', before)), ...(await restored('after', after))];
    expect(together.map((picture, i) => sameBytes(picture, apart[i]))).toEqual(Array(8).fill(true));
    // Without the cut being found, the frames beside it would be others.
    const mixed = await restored('mixed', [...before, ...after], (frames$) => frames$);
    expect(mixed.map((picture, i) => !sameBytes(picture, together[i]))).toEqual([
      ...[false, false, false, true],
      ...[true, false, false, false],
    ]);
  });
});
