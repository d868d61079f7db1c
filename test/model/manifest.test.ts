import { describe, expect, it } from 'vitest';
import { LimpidError } from '../../src/errors/limpid-error.js';
import { parseManifest } from '../../src/model/manifest.js';

const good = {
  formatVersion: 1,
  name: 'gate',
  task: 'super-resolution',
  architecture: 'edvr',
  options: { numFeat: 8, numFrame: 3, tail: 'light', featureStride: 2 },
  scale: 4,
  window: 3,
  padding: 'replicate',
  colour: { space: 'rgb', range: 'full', layout: 'hwc-uint8' },
  size: { min: [16, 16], max: [1920, 1080] },
  license: 'Apache-2.0',
  training: { iterations: 3, script: 'models/training/train.py' },
  weights: { file: 'gate.safetensors', sha256: 'a'.repeat(64), dtype: 'fp16' },
  quality: [{ set: 'held-out', metric: 'psnr-rgb', value: 30.1, bicubic: 29.2 }],
};

it('reads a manifest and fills in the options', () => {
  const { manifest, options } = parseManifest(JSON.stringify(good), 'gate.json');
  expect(manifest).toEqual(good);
  expect(options).toMatchObject({ numFeat: 8, centerFrameIdx: 1, deformableGroups: 8 });
});

describe('faults', () => {
  it.each([
    ['no JSON', '{', 'Expected a JSON document but received something else'],
    ['a list', '[]', 'Expected a manifest that is a JSON object but received object'],
    ['an unknown key', { licence: 'MIT' }, 'Expected only known keys in a manifest but received "licence"'],
    [
      'an unknown key inside',
      { weights: { ...good.weights, url: 'x' } },
      'Expected only known keys in weights but received "url"',
    ],
    ['a later format', { formatVersion: 2 }, 'Expected 1 for formatVersion but received 2'],
    [
      'a path for a name',
      { name: '../gate' },
      'Expected a name of a–z, 0–9, ".", "_" and "-" for name but received "../gate"',
    ],
    [
      'weights elsewhere',
      { weights: { ...good.weights, file: '../../etc/x.safetensors' } },
      'Expected the name of a .safetensors file beside it for weights.file but received "../../etc/x.safetensors"',
    ],
    [
      'a short hash',
      { weights: { ...good.weights, sha256: 'abc' } },
      'Expected 64 hexadecimal digits for weights.sha256 but received "abc"',
    ],
    ['no licence', { license: undefined }, 'Expected an SPDX licence for license but received nothing'],
    [
      'an unknown padding',
      { padding: 'zero' },
      'Expected one of replicate, reflection, reflection_circle, circle for padding but received "zero"',
    ],
    ['another scale than the options', { scale: 2 }, 'Expected 4 for scale, as the options say, but received 2'],
    ['another window than the options', { window: 5 }, 'Expected 3 for window, as the options say, but received 5'],
    [
      'sizes the wrong way round',
      { size: { min: [16, 2000], max: [1920, 1080] } },
      'Expected size.min within 1920x1080 but received 16x2000',
    ],
    [
      'bad options',
      { options: { numFeat: 0 } },
      'Expected a whole number from 1 to 512 for options.numFeat but received 0',
    ],
  ])('%s', (_, change, message) => {
    const text = typeof change === 'string' ? change : JSON.stringify({ ...good, ...change });
    expect(() => parseManifest(text, 'gate.json')).toThrow(
      new LimpidError('ERR_MODEL_MANIFEST', `${message} (gate.json)`),
    );
  });
});
