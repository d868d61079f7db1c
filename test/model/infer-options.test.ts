import { describe, expect, it } from 'vitest';
import { parameterShapes } from '../../src/edvr/emit.js';
import { edvrOptions } from '../../src/edvr/options.js';
import { LimpidError } from '../../src/errors/limpid-error.js';
import { inferOptions } from '../../src/model/infer-options.js';
import { knownNetworks } from '../../src/model/networks.js';

describe('options read off the shapes', () => {
  it.each([...knownNetworks])('of %s', (_, { options }) => {
    const all = edvrOptions(options);
    // Which frame is the reference, and whether it is aligned to itself, leave no trace in the shapes.
    const { alignReference: _unseen, ...stated } = options;
    expect(inferOptions(parameterShapes(all), 'a.pth')).toEqual(stated);
  });

  it.each([
    [{ scale: 1, featureStride: 4, tail: 'light' }],
    [{ scale: 2, tail: 'light', numReconstructFeat: 24 }],
    [{ featureStride: 4, reconstructStride: 2, tail: 'light', numReconstructFeat: 24 }],
    [{ scale: 1, featureStride: 4, reconstructStride: 4, tail: 'light' }],
    [{ numExtractBlock: 0, numReconstructBlock: 0 }],
    [{ numFeat: 12, numFrame: 1, deformableGroups: 3 }],
    [{ numFrame: 1, deformableGroups: 1, alignReference: false }],
    [{ numFrame: 3, deformableGroups: 1, tail: 'light', alignReference: false, alignment: 'flow' }],
    [
      {
        numFeat: 32,
        numFrame: 3,
        deformableGroups: 1,
        scale: 1,
        featureStride: 4,
        reconstructStride: 4,
        tail: 'light',
        alignReference: false,
        alignment: 'flow',
      },
    ],
  ] as const)('of %j', (options) => {
    expect(inferOptions(parameterShapes(edvrOptions(options)), 'a.pth')).toEqual(options);
  });
});

it('refuses tensors of another network, naming some', () => {
  const shapes = new Map([
    ['layer1.0.conv1.weight', [64, 64, 3, 3]],
    ['fc.weight', [10, 512]],
  ]);
  expect(() => inferOptions(shapes, 'resnet.pth')).toThrow(
    new LimpidError(
      'ERR_CHECKPOINT',
      'Expected the tensors of an EDVR, such as fusion.feat_fusion.weight, but received others: layer1.0.conv1.weight, fc.weight (resnet.pth)',
    ),
  );
});
