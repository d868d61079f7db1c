import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkDeformConv } from '../../src/job/doctor-native.js';

describe('the check of the deformable operator', () => {
  let build: string;

  beforeEach(async () => {
    build = await mkdtemp(join(tmpdir(), 'limpid-build-'));
  });

  afterEach(() => rm(build, { recursive: true, force: true }));

  it('warns without a build, names the headers that miss for the plugin, and is content with all of it', async () => {
    expect(checkDeformConv(build)).toMatchObject({ status: 'warn', fix: expect.stringContaining('nvcc') });
    await writeFile(join(build, 'libdeform_conv.a'), '');
    expect(checkDeformConv(build)).toMatchObject({ status: 'warn', fix: expect.stringContaining('NvInfer.h') });
    await writeFile(join(build, 'liblimpid_deform_conv_plugin.so'), '');
    expect(checkDeformConv(build)).toMatchObject({ status: 'ok' });
  });
});
