import { describe, expect, it } from 'vitest';
import { edvrOptions, outputScale, parseOptions } from '../../src/edvr/options.js';
import { LimpidError } from '../../src/errors/limpid-error.js';

it('gives the network of the paper by default', () => {
  expect(edvrOptions()).toEqual({
    numFeat: 64,
    numFrame: 5,
    centerFrameIdx: 2,
    deformableGroups: 8,
    numExtractBlock: 5,
    numReconstructBlock: 10,
    withPredeblur: false,
    hrIn: false,
    withTsa: true,
    scale: 4,
    featureStride: 1,
    tail: 'paper',
    numReconstructFeat: 64,
    alignReference: true,
    alignment: 'pcd',
  });
});

it('takes the middle frame as the reference and as many channels for reconstruction as for features', () => {
  const options = edvrOptions({ numFrame: 7, numFeat: 128 });
  expect([options.centerFrameIdx, options.numReconstructFeat]).toEqual([3, 128]);
});

it('keeps the size of a frame that has the output size already', () => {
  expect(outputScale(edvrOptions({ hrIn: true }))).toBe(1);
});

describe('faults', () => {
  const known =
    'numFeat, numFrame, centerFrameIdx, deformableGroups, numExtractBlock, numReconstructBlock, withPredeblur, hrIn, withTsa, scale, featureStride, reconstructStride, tail, numReconstructFeat, alignReference, alignment';
  it.each([
    [
      'an even window',
      { numFrame: 4 },
      'Expected an odd whole number from 1 to 15 for options.numFrame but received 4',
    ],
    [
      'a window too long',
      { numFrame: 17 },
      'Expected an odd whole number from 1 to 15 for options.numFrame but received 17',
    ],
    [
      'a text for a number',
      { numFeat: '64' },
      'Expected a whole number from 1 to 512 for options.numFeat but received "64"',
    ],
    [
      'an unknown alignment',
      { alignment: 'optical flow' },
      'Expected "pcd", "single", "stacked", "guided" or "flow" for options.alignment but received "optical flow"',
    ],
    ['a scale of three', { scale: 3 }, 'Expected 1, 2 or 4 for options.scale but received 3'],
    ['an unknown option', { num_feat: 64 }, `Expected only known options but received "num_feat"; known are ${known}`],
    [
      'a reference outside the window',
      { numFrame: 3, centerFrameIdx: 3 },
      'Expected a place in a window of 3 for options.centerFrameIdx but received 3',
    ],
    [
      'groups that do not divide the channels',
      { numFeat: 20 },
      'Expected options.deformableGroups to divide 20 channels but received 8',
    ],
    [
      'the paper tail at half resolution',
      { featureStride: 2 },
      'Expected featureStride 1 and scale 4 with options.tail "paper" but received 2 and 4',
    ],
    [
      'PreDeblur at half resolution',
      { featureStride: 2, tail: 'light', withPredeblur: true },
      'Expected options.featureStride 1 with PreDeblur or hrIn but received 2',
    ],
    [
      'hrIn with the light tail',
      { hrIn: true, tail: 'light' },
      'Expected options.tail "paper" with hrIn but received "light"',
    ],
    [
      'a reconstruction coarser than the features',
      { featureStride: 2, reconstructStride: 4, tail: 'light', numFeat: 8 },
      'Expected an options.reconstructStride s of at most featureStride 2 where (2/s)² divides 8 channels but received 4',
    ],
    [
      'the paper tail after the reference again',
      { reconstructStride: 1 },
      'Expected options.tail "light" with reconstructStride but received "paper"',
    ],
    [
      'features guided by optical flow at half resolution',
      { alignment: 'guided', featureStride: 2, tail: 'light' },
      'Expected features at the size of the input (featureStride 1, no hrIn) with options.alignment "guided"',
    ],
    [
      'pixels by optical flow with hrIn',
      { alignment: 'flow', alignReference: false, hrIn: true },
      'Expected no hrIn with options.alignment "flow": featureStride does its work',
    ],
    ['something that is no object', 5, 'Expected an object of options but received 5'],
  ])('%s', (_, input, message) => {
    expect(() => parseOptions(input, 'gate.json')).toThrow(
      new LimpidError('ERR_MODEL_MANIFEST', `${message} (gate.json)`),
    );
  });
});
