/**
 * The two split forms against the one-graph form over a clip: cached pyramids, padded ends, a scene cut.
 */
import { from, lastValueFrom, toArray } from 'rxjs';
import { expect, it } from 'vitest';
import { edvrOptions } from '../../src/edvr/options.js';
import type { Frame } from '../../src/frame/frame.js';
import { frameWindow } from '../../src/window/frame-window.js';
import type { PaddingMode } from '../../src/window/padding.js';
import { parityFrame, parityWeights } from '../fixtures/parity.js';
import { largestDifference, openSplit, openWindow } from '../fixtures/run-graphs.js';

/** A sum of two halves is rounded in another order than the whole: seen are differences below 1e-5. */
const TOLERANCE = 1e-4;

const FRAMES = 20;
const CUT = 11;
const SEED = 5;
const size = { width: 19, height: 14 };
const clip = Array.from({ length: FRAMES }, (_, t) => parityFrame(SEED, t, size));

const narrow = { numFeat: 16, numExtractBlock: 2, numReconstructBlock: 2 } as const;

it.each([
  ['PCD and TSA', { ...narrow }, 'reflection_circle'],
  ['a window of seven', { ...narrow, numFrame: 7 }, 'reflection'],
  ['PreDeblur', { ...narrow, withPredeblur: true }, 'replicate'],
  ['one deformable convolution', { ...narrow, alignment: 'single', withTsa: false }, 'circle'],
  ['four deformable convolutions', { ...narrow, alignment: 'stacked' }, 'reflection_circle'],
  [
    'the live shape',
    { ...narrow, numFrame: 3, deformableGroups: 2, featureStride: 2, tail: 'light', alignReference: false },
    'replicate',
  ],
] as const)('%s: plain and incremental restore 20 frames as one graph does', async (_, input, padding) => {
  const options = edvrOptions(input);
  const weights = parityWeights(options, SEED);
  const request = { options, size, output: 'float32' } as const;
  const whole = await openWindow(request, weights, clip);
  const plain = await openSplit({ ...request, incremental: false }, weights, clip);
  const incremental = await openSplit({ ...request, incremental: true }, weights, clip);
  const windows = await windowsOf(options.numFrame, padding);
  expect(windows).toHaveLength(FRAMES);
  for (const window of windows) {
    const expected = await whole.restore(window);
    expect(largestDifference(await plain.restore(window), expected)).toBeLessThanOrEqual(TOLERANCE);
    expect(largestDifference(await incremental.restore(window), expected)).toBeLessThanOrEqual(TOLERANCE);
  }
});

it('pads at the cut as at the ends', async () => {
  const windows = await windowsOf(5, 'reflection_circle');
  expect(windows[CUT - 1]?.map((index) => index - CUT)).toEqual([-3, -2, -1, -4, -5]);
  expect(windows[CUT]?.map((index) => index - CUT)).toEqual([4, 3, 0, 1, 2]);
});

/** The windows of the clip as a stream makes them, by frame index. */
function windowsOf(numFrame: number, padding: PaddingMode): Promise<readonly (readonly number[])[]> {
  const frames = clip.map(
    (data, seq): Frame => ({
      ...size,
      format: 'rgb8',
      data,
      seq,
      session: 0,
      ptsNs: BigInt(seq) * 40_000_000n,
      captureTimeMs: 0,
      discontinuity: seq === 0 || seq === CUT,
    }),
  );
  const windows$ = from(frames).pipe(frameWindow({ size: numFrame, padding }), toArray());
  return lastValueFrom(windows$).then((windows) => windows.map((window) => window.frames.map(({ seq }) => seq)));
}
