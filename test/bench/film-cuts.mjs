/**
 * Scene cuts of a film against those a person saw: `node test/bench/film-cuts.mjs FILM [first frames of its scenes…]`.
 *
 * Prints what the detector finds, and where the truth is given its recall and precision. Needs ffmpeg and the built dist/.
 * For the excerpt of Tears of Steel in Zulko/moviepy (1691 frames; full of explosions, muzzle flashes and whipped pans):
 * 52 122 158 221 309 715 788 872 901 987 1127 1157 1203 1234 1246 1284 1345 1378 1430 1443 1472 1525 1571 1618 1650 1689,
 * seen on contact sheets; for that of Big Buck Bunny in mdn/shared-assets (30 s): 283 376 551.
 */
import { spawn } from 'node:child_process';
import { SceneCuts } from '../../dist/window/scene-cut.js';

const [film = '', ...truth] = process.argv.slice(2);
/** What a camera's substream has; the detector looks at thumbnails anyway. */
const WIDTH = 320;
const HEIGHT = 180;
const FRAME_BYTES = WIDTH * HEIGHT * 3;

const decoder = spawn(
  'ffmpeg',
  ['-v', 'error', '-i', film, '-vf', `scale=${WIDTH}:${HEIGHT}`, '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-'],
  { stdio: ['ignore', 'pipe', 'inherit'] },
);
const cuts = new SceneCuts();
const found = [];
let frames = 0;
let left = Buffer.alloc(0);
for await (const chunk of decoder.stdout) {
  left = Buffer.concat([left, chunk]);
  for (; left.length >= FRAME_BYTES; left = left.subarray(FRAME_BYTES)) {
    if (cuts.begins({ width: WIDTH, height: HEIGHT, format: 'rgb8', data: left.subarray(0, FRAME_BYTES) })) {
      found.push(frames);
    }
    frames += 1;
  }
}
console.log(`${frames} frames, ${found.length} cuts found: ${found.join(' ')}`);
if (truth.length > 0) {
  const right = found.filter((frame) => truth.includes(String(frame))).length;
  const missed = truth.filter((frame) => !found.includes(Number(frame)));
  console.log(
    `recall ${(right / truth.length).toFixed(3)}, precision ${(right / found.length).toFixed(3)}, missed: ${missed.join(' ')}`,
  );
}
