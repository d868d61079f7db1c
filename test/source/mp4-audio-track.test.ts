import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { AudioTrack } from '../../src/source/audio-track.js';
import { wholeMp4Track } from '../../src/source/mp4-audio-track.js';
import { scratchFolder } from '../fixtures/video-files.js';

const folder = scratchFolder('mp4-audio-track');

it.each([
  ['is gone by then', `${folder}/gone.mp4`, /ENOENT/],
  ['can be opened but not read', folder, /EISDIR/],
])('leaves no process and no descriptor behind where the file %s', async (_, path, why) => {
  let disposed = 0;
  const track: AudioTrack = {
    caps: 'audio/mpeg',
    next: () => Promise.resolve(null),
    dispose: () => {
      disposed += 1;
    },
  };
  const before = readdirSync('/proc/self/fd').length;
  await expect(wholeMp4Track(path, track)).rejects.toThrow(why);
  expect(disposed).toBe(1);
  expect(readdirSync('/proc/self/fd')).toHaveLength(before);
});
