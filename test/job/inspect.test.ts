import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inspect } from '../../src/job/inspect.js';
import { type TinyModel, writeTinyModel } from '../fixtures/tiny-model.js';

let tiny: TinyModel;
beforeAll(async () => {
  tiny = await writeTinyModel();
});
afterAll(() => tiny.dispose());

it('describes a model of the folder', async () => {
  expect(await inspect('tiny', { ...tiny, size: { width: 64, height: 40 } })).toMatchObject({
    name: 'tiny',
    task: 'super-resolution',
    scale: 4,
    window: 3,
    size: '64x40',
    outputSize: '256x160',
    latencyFrames: 1,
    license: 'Apache-2.0',
  });
});

describe('networks of the paper', () => {
  it.each([
    ['edvr-m', 3_300_131],
    ['edvr-m-wotsa', 2_996_259],
    ['edvr-l', 20_633_827],
    ['edvr-l-vimeo', 20_699_363],
    ['edvr-l-srblur', 23_306_851],
    ['edvr-l-deblur', 23_602_019],
    ['edvr-l-deblurcomp', 23_602_019],
    ['edvr-l-stage2', 15_025_635],
    ['edvr-l-stage2-blur', 17_698_659],
    ['edvr-model-1', 1_773_467],
    ['edvr-model-2', 2_258_147],
    ['edvr-model-3', 2_996_259],
    ['edvr-model-4', 3_300_131],
  ])('%s has %i parameters', async (name, parameters) => {
    const inspection = await inspect(name);
    expect(inspection.parameters).toBe(parameters);
    expect(inspection.modules.reduce((sum, module) => sum + module.parameters, 0)).toBe(parameters);
    expect(inspection.modules.reduce((sum, module) => sum + module.macs, 0)).toBe(inspection.macs);
    expect(inspection.streamingMacs).toBeLessThan(inspection.macs);
  });

  it('cost at 320×180 what the paper counts, twice the multiply-accumulates, within five percent', async () => {
    // Table 4: Model 4 (PCD and TSA) 936.5 G, Model 3 (PCD) 939.3 G.
    const giga = async (name: string) => ((await inspect(name, { size: { width: 320, height: 180 } })).macs * 2) / 1e9;
    expect(await giga('edvr-m')).toBeCloseTo(973.6, 1);
    expect(await giga('edvr-m-wotsa')).toBeCloseTo(938.3, 1);
  });
});

it('refuses an unknown name', async () => {
  await expect(inspect('edvr-xxl')).rejects.toMatchObject({ code: 'ERR_MODEL_UNKNOWN' });
});
