/** The numbers of Opus in an MP4: right as ffmpeg writes them, and swapped as GStreamer's muxer does. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { mendOpusNumbers } from '../../src/media/mp4-opus.js';
import { ffmpeg, scratchFolder } from '../fixtures/video-files.js';

const folder = scratchFolder('mp4-opus');
const TYPE = 'dOps';
let right: Buffer;

function clip(name: string, ...output: string[]): Buffer {
  const path = join(folder, name);
  const inputs = ['-f', 'lavfi', '-i', 'testsrc2=size=64x48:rate=10', '-f', 'lavfi', '-i', 'sine'];
  ffmpeg(...inputs, '-t', '0.5', '-c:v', 'libx264', ...output, path);
  return readFileSync(path);
}

beforeAll(() => {
  right = clip('right.mp4', '-c:a', 'libopus');
});

/** The file with pre-skip, rate and gain the other way round; `rate` in place of its own. */
function swapped(rate?: number): Buffer {
  const file = Buffer.from(right);
  const body = file.subarray(file.indexOf(TYPE) + TYPE.length);
  if (rate !== undefined) {
    body.writeUInt32BE(rate, 4);
  }
  body.subarray(2, 4).swap16();
  body.subarray(4, 8).swap32();
  body.subarray(8, 10).swap16();
  return file;
}

async function mended(bytes: Buffer): Promise<Buffer> {
  const path = join(folder, 'mended.mp4');
  writeFileSync(path, bytes);
  await mendOpusNumbers(path);
  return readFileSync(path);
}

describe('the numbers of Opus in an MP4', () => {
  it('are set right where they were swapped, and nothing else is touched', async () => {
    expect(swapped().equals(right)).toBe(false);
    expect((await mended(swapped())).equals(right)).toBe(true);
  });

  it('stay where they are right, and where neither way round makes sense', async () => {
    expect((await mended(right)).equals(right)).toBe(true);
    const senseless = swapped(0x00aa_aa00);
    expect((await mended(senseless)).equals(senseless)).toBe(true);
  });

  it.each([
    ['another codec', () => clip('aac.mp4', '-c:a', 'aac')],
    ['no audio', () => clip('silent.mp4', '-an')],
    ['no MP4', () => Buffer.from('these are notes, not a film')],
    ['a file cut off in its index', () => swapped().subarray(0, swapped().indexOf(TYPE) + 8)],
  ])('are none to be found in a file with %s, which stays', async (_what, file) => {
    const bytes = file();
    expect((await mended(bytes)).equals(bytes)).toBe(true);
  });
});
