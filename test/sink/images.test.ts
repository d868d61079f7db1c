/** Pictures of a stream, read back with sharp. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { openImages } from '../../src/sink/images.js';
import { noiseFrame } from '../fixtures/frames.js';
import { scratchFolder } from '../fixtures/video-files.js';

const folder = scratchFolder('images');

describe('images', () => {
  it('keeps every third frame, pixel by pixel as PNG', async () => {
    const dir = join(folder, 'png');
    const images = openImages({ dir, every: 3, name: '{stream}' }, { stream: 'gate' });
    const frames = Array.from({ length: 7 }, (_, seq) => noiseFrame(seq, seq * 40));
    for (const frame of frames) {
      await images.write(frame);
    }
    await images.close();
    const names = ['gate.png', 'gate~2.png', 'gate~3.png'];
    expect(readdirSync(dir).sort()).toEqual([...names].sort());
    for (const [i, name] of names.entries()) {
      const pixels = await sharp(join(dir, name)).raw().toBuffer();
      expect(pixels.equals(frames[i * 3]?.data ?? new Uint8Array())).toBe(true);
    }
  });

  it('writes JPEG of the source’s picture under its name', async () => {
    const dir = join(folder, 'jpeg');
    const images = openImages({ dir, view: 'source', format: 'jpeg', name: '{stream}' }, { stream: 'gate' });
    expect(images.view).toBe('source');
    await images.write(noiseFrame(0, 0));
    expect(await sharp(join(dir, 'gate-source.jpg')).metadata()).toMatchObject({
      format: 'jpeg',
      width: 320,
      height: 180,
    });
  });

  it('says what can not be written', async () => {
    const images = openImages({ dir: '/proc/self/limpid' }, { stream: 'gate' });
    await expect(images.write(noiseFrame(0, 0))).rejects.toMatchObject({ code: 'ERR_SINK_OPEN' });
    expect(() => openImages({ dir: 'x', every: 0 }, { stream: 'gate' })).toThrowError(/^Images option every: /);
  });
});
