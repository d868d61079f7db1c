/**
 * Checkpoint keys under the names that the authors' released code has, whoever wrote the file.
 *
 *     fea_L2_conv1.weight                the authors in 2019      ┐
 *     generator.feat_l2_conv1.conv.weight   the other family      ├─▶ conv_l2_1.weight
 *     conv_l2_1.weight                   released                 ┘
 *
 * Released names pass through every rule unchanged, so the rules of all families are one list.
 */
import { checkpointFault } from '../checkpoint/fault.js';
import { brief } from '../errors/brief.js';

type Rule = readonly [pattern: RegExp, name: string];

const rules: readonly Rule[] = [
  // The authors' code of 2019. The two embeddings are swapped: the second was the reference's.
  [/\btAtt_2\./, 'temporal_attn1.'],
  [/\btAtt_1\./, 'temporal_attn2.'],
  [/^tsa_fusion\./, 'fusion.'],
  [/\bfea_fusion\./, 'feat_fusion.'],
  [/\bsAtt_add_(\d)\./, 'spatial_attn_add$1.'],
  [/\bsAtt_L(\d)\./, 'spatial_attn_l$1.'],
  [/\bsAtt_(\d)\./, 'spatial_attn$1.'],
  [/^fea_L(\d)_conv(\d)\./, 'conv_l$1_$2.'],
  [/\bL(\d)_offset_conv(\d)\./, 'offset_conv$2.l$1.'],
  [/\bL(\d)_dcnpack\./, 'dcn_pack.l$1.'],
  [/\bL(\d)_fea_conv\./, 'feat_conv.l$1.'],
  [/\bconv_offset_mask\./, 'conv_offset.'],
  [/^recon_trunk\./, 'reconstruction.'],
  [/^HRconv\./, 'conv_hr.'],
  [/^pre_deblur\./, 'predeblur.'],
  [/^predeblur\.conv_first_1\./, 'predeblur.conv_first.'],
  [/^predeblur\.conv_first_2\./, 'predeblur.stride_conv_hr1.'],
  [/^predeblur\.conv_first_3\./, 'predeblur.stride_conv_hr2.'],
  [/\bdeblur_L(\d)_conv\./, 'stride_conv_l$1.'],
  [/\bRB_L1_1\./, 'resblock_l1.0.'],
  [/\bRB_L1_2\./, 'resblock_l1.1.'],
  [/\bRB_L1_3\./, 'resblock_l1.2.'],
  [/\bRB_L1_4\./, 'resblock_l1.3.'],
  [/\bRB_L1_5\./, 'resblock_l1.4.'],
  [/\bRB_L2_(\d)\./, 'resblock_l2_$1.'],
  [/\bRB_L3_1\./, 'resblock_l3.'],
  // The other family: a convolution with its activation is a module with a convolution inside.
  [/^pcd_alignment\./, 'pcd_align.'],
  [/^feat_l(\d)_conv(\d)\./, 'conv_l$1_$2.'],
  [/^upsample(\d)\.upsample_conv\./, 'upconv$1.'],
  [/\.conv\.(weight|bias)$/, '.$1'],
];

/** Wrappers of the network that trainers save with it. */
const prefixes = ['module.', 'generator.'] as const;
/** What the other family's trainer keeps beside its generator: no part of the network. */
const bookkeeping: ReadonlySet<string> = new Set(['step_counter']);

/** Released key → key in the file. Throws ERR_CHECKPOINT where two keys mean one tensor. */
export function releasedKeys(keys: Iterable<string>, where: string): ReadonlyMap<string, string> {
  let bare = [...keys].map((key) => ({ key, inFile: key }));
  for (const prefix of prefixes) {
    const inside = bare.filter(({ key }) => key.startsWith(prefix));
    const others = bare.filter(({ key }) => !key.startsWith(prefix) && !bookkeeping.has(key));
    if (inside.length > 0 && others.length === 0) {
      bare = inside.map(({ key, inFile }) => ({ key: key.slice(prefix.length), inFile }));
    }
  }
  const released = new Map<string, string>();
  for (const { key, inFile } of bare) {
    const name = rules.reduce((renamed, [pattern, replacement]) => renamed.replace(pattern, replacement), key);
    const other = released.get(name);
    if (other !== undefined) {
      throw checkpointFault(`one tensor for ${brief(name)}`, `${brief(other)} and ${brief(inFile)}`, where);
    }
    released.set(name, inFile);
  }
  return released;
}
