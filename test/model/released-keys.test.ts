import { describe, expect, it } from 'vitest';
import { parameterShapes } from '../../src/edvr/emit.js';
import { edvrOptions } from '../../src/edvr/options.js';
import { LimpidError } from '../../src/errors/limpid-error.js';
import { knownNetworks } from '../../src/model/networks.js';
import { releasedKeys } from '../../src/model/released-keys.js';
import { checkpointFixtures } from '../fixtures/checkpoints.js';

/** The released key of one key of a file. */
const released = (key: string) => [...releasedKeys([key], 'a.pth').keys()][0];

it.each([...knownNetworks])('leaves the released names of %s as they are', (_, { options }) => {
  const keys = [...parameterShapes(edvrOptions(options)).keys()];
  expect([...releasedKeys(keys, 'a.pth')]).toEqual(keys.map((key) => [key, key]));
});

describe.each(checkpointFixtures().filter(({ names }) => Object.keys(names).length > 0))(
  '$name',
  ({ names, options }) => {
    it('has every name under its released one', () => {
      const inFile = new Map(Object.entries(names).map(([key, name]) => [name, key]));
      expect(releasedKeys(Object.keys(names), 'a.pth')).toEqual(inFile);
      expect(new Set(inFile.keys())).toEqual(new Set(parameterShapes(options).keys()));
    });
  },
);

describe('names of the authors in 2019', () => {
  it.each([
    // The embeddings changed numbers: mapped by number they would load silently, and be wrong.
    ['tsa_fusion.tAtt_2.weight', 'fusion.temporal_attn1.weight'],
    ['tsa_fusion.tAtt_1.weight', 'fusion.temporal_attn2.weight'],
    ['fusion.tAtt_1.bias', 'fusion.temporal_attn2.bias'],
    ['tsa_fusion.sAtt_add_2.bias', 'fusion.spatial_attn_add2.bias'],
    ['tsa_fusion.weight', 'fusion.weight'],
    ['pcd_align.L3_dcnpack.conv_offset_mask.weight', 'pcd_align.dcn_pack.l3.conv_offset.weight'],
    ['pcd_align.cas_dcnpack.conv_offset_mask.bias', 'pcd_align.cas_dcnpack.conv_offset.bias'],
    ['pcd_align.L1_offset_conv3.weight', 'pcd_align.offset_conv3.l1.weight'],
    ['fea_L3_conv2.weight', 'conv_l3_2.weight'],
    ['pre_deblur.conv_first.weight', 'predeblur.conv_first.weight'],
    ['pre_deblur.conv_first_1.weight', 'predeblur.conv_first.weight'],
    ['pre_deblur.conv_first_3.weight', 'predeblur.stride_conv_hr2.weight'],
    ['pre_deblur.RB_L1_5.conv2.bias', 'predeblur.resblock_l1.4.conv2.bias'],
    ['pre_deblur.RB_L2_1.conv1.weight', 'predeblur.resblock_l2_1.conv1.weight'],
    ['pre_deblur.RB_L3_1.conv1.weight', 'predeblur.resblock_l3.conv1.weight'],
    ['pre_deblur.deblur_L2_conv.weight', 'predeblur.stride_conv_l2.weight'],
    // The clean second stage keeps its three strided convolutions.
    ['conv_first_2.weight', 'conv_first_2.weight'],
    ['recon_trunk.39.conv1.weight', 'reconstruction.39.conv1.weight'],
    ['HRconv.bias', 'conv_hr.bias'],
    ['module.recon_trunk.0.conv1.weight', 'reconstruction.0.conv1.weight'],
  ])('%s', (key, name) => {
    expect(released(key)).toBe(name);
  });
});

describe('names of the other family', () => {
  it.each([
    ['generator.pcd_alignment.offset_conv1.l3.conv.weight', 'pcd_align.offset_conv1.l3.weight'],
    ['generator.pcd_alignment.dcn_pack.l1.conv_offset.bias', 'pcd_align.dcn_pack.l1.conv_offset.bias'],
    ['generator.feat_l2_conv1.conv.weight', 'conv_l2_1.weight'],
    ['generator.upsample2.upsample_conv.bias', 'upconv2.bias'],
    ['generator.fusion.feat_fusion.conv.weight', 'fusion.feat_fusion.weight'],
    ['generator.fusion.temporal_attn1.weight', 'fusion.temporal_attn1.weight'],
    ['module.generator.conv_last.bias', 'conv_last.bias'],
    ['pcd_alignment.cas_offset_conv2.conv.bias', 'pcd_align.cas_offset_conv2.bias'],
  ])('%s', (key, name) => {
    expect(released(key)).toBe(name);
  });

  it('come with a step counter, which is no part of the network', () => {
    expect([...releasedKeys(['generator.conv_last.bias', 'step_counter'], 'a.pth').keys()]).toEqual(['conv_last.bias']);
    expect([...releasedKeys(['conv_last.bias', 'step_counter'], 'a.pth').keys()]).toContain('step_counter');
  });
});

it('refuses two keys for one tensor', () => {
  expect(() => releasedKeys(['HRconv.bias', 'conv_hr.bias'], 'a.pth')).toThrow(
    new LimpidError(
      'ERR_CHECKPOINT',
      'Expected one tensor for conv_hr.bias but received HRconv.bias and conv_hr.bias (a.pth)',
    ),
  );
});
