/**
 * The paper's networks by name: known shapes without weights of their own, for `inspect`, `export` and `bench`.
 */
import type { EdvrOptionsInput } from '../edvr/options.js';
import type { PaddingMode } from '../window/padding.js';
import type { Task } from './manifest.js';

/** A network of the paper: its options and how it is used. */
export interface KnownNetwork {
  readonly task: Task;
  readonly options: EdvrOptionsInput;
  readonly padding: PaddingMode;
}

const large: EdvrOptionsInput = { numFeat: 128, numReconstructBlock: 40 };
/** The project's own live network: see models/training. */
const live: EdvrOptionsInput = {
  numFeat: 16,
  numFrame: 3,
  deformableGroups: 1,
  numExtractBlock: 3,
  numReconstructBlock: 6,
  numReconstructFeat: 32,
  featureStride: 2,
  tail: 'light',
  alignReference: false,
};
const deblur: EdvrOptionsInput = { ...large, withPredeblur: true, hrIn: true };
/** The second stage (Sec. 3.4): shallower, and its window is the first stage's output. */
const second: EdvrOptionsInput = { ...large, numReconstructBlock: 20, hrIn: true };

/** Networks by name (Sec. 4.1, Tables 1–3; the second stage of Table 6; the ablation of Table 4). */
export const knownNetworks: ReadonlyMap<string, KnownNetwork> = new Map([
  ['edvr-m', { task: 'super-resolution', options: {}, padding: 'reflection_circle' }],
  ['edvr-m-wotsa', { task: 'super-resolution', options: { withTsa: false }, padding: 'reflection_circle' }],
  ['edvr-l', { task: 'super-resolution', options: large, padding: 'reflection_circle' }],
  ['edvr-l-vimeo', { task: 'super-resolution', options: { ...large, numFrame: 7 }, padding: 'reflection_circle' }],
  [
    'edvr-l-srblur',
    { task: 'super-resolution-blur', options: { ...large, withPredeblur: true }, padding: 'replicate' },
  ],
  ['edvr-l-deblur', { task: 'deblurring', options: deblur, padding: 'replicate' }],
  ['edvr-l-deblurcomp', { task: 'deblurring-compression', options: deblur, padding: 'replicate' }],
  ['edvr-l-stage2', { task: 'super-resolution', options: second, padding: 'reflection_circle' }],
  ['edvr-l-stage2-blur', { task: 'deblurring', options: { ...second, withPredeblur: true }, padding: 'replicate' }],
  ['edvr-model-1', ablation({ alignment: 'single', withTsa: false })],
  ['edvr-model-2', ablation({ alignment: 'stacked', withTsa: false })],
  ['edvr-model-3', ablation({ withTsa: false })],
  ['edvr-model-4', ablation({})],
  ['edvr-live', { task: 'super-resolution', options: live, padding: 'replicate' }],
]);

/** A network of Table 4: 64 channels, 10 blocks. */
function ablation(options: EdvrOptionsInput): KnownNetwork {
  return { task: 'super-resolution', options, padding: 'reflection_circle' };
}
