/**
 * Precision and recall of the scene cuts on photographs of your own: `node test/bench/scene-cuts.mjs FOLDER [clips]`.
 *
 * Each clip has 21 photographs of 12 frames each with grain: 20 hard cuts, 5 flashes (two of them clip), a fast pan (an
 * eighth of the picture's width a frame) in every third scene, a slow drift in the others. Needs the built dist/.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { SceneCuts } from '../../dist/window/scene-cut.js';

const [folder, clips = '5'] = process.argv.slice(2);
if (folder === undefined) {
  throw new Error('Expected a folder of photographs: node test/bench/scene-cuts.mjs FOLDER [clips]');
}
const WIDTH = 320;
const HEIGHT = 180;
const FRAMES = 12;
const FLASHES = new Map([
  [2, { gain: 1.5, offset: 30 }],
  [6, { gain: 1.8, offset: 30 }],
  [10, { gain: 2, offset: 30 }],
  [14, { gain: 2.5, offset: 60 }],
  [18, { gain: 3.5, offset: 60 }],
]);

const files = readdirSync(folder, { recursive: true })
  .map(String)
  .filter((name) => /\.(jpe?g|png|webp)$/i.test(name))
  .sort();
let seed = 1;
const random = () => {
  seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
  return seed / 2 ** 32;
};
const shuffled = files.map((file) => [random(), file]).sort(([a], [b]) => a - b);

/** A photograph wide enough to pan over. */
async function scene(index) {
  const image = sharp(join(folder, shuffled[index % shuffled.length][1]));
  return image
    .resize(WIDTH * 2, HEIGHT + 20, { fit: 'cover' })
    .removeAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer();
}

function frame(photo, left, top, { gain = 1, offset = 0 } = {}) {
  const data = new Uint8Array(WIDTH * HEIGHT * 3);
  for (let y = 0; y < HEIGHT; y += 1) {
    for (let i = 0; i < WIDTH * 3; i += 1) {
      const value = photo[((y + top) * WIDTH * 2 + left) * 3 + i] * gain + offset + (random() + random() - 1) * 10;
      data[y * WIDTH * 3 + i] = Math.min(255, Math.max(0, value));
    }
  }
  return { width: WIDTH, height: HEIGHT, format: 'rgb8', data };
}

const found = { cut: 0, flash: 0, pan: 0, other: 0 };
let cuts = 0;
let elapsedMs = 0;
let frames = 0;
let worstMs = 0;
for (let clip = 0; clip < Number(clips); clip += 1) {
  const detector = new SceneCuts();
  for (let s = 0; s < 21; s += 1) {
    const photo = await scene(clip * 21 + s);
    const pans = s % 3 === 0;
    for (let at = 0; at < FRAMES; at += 1) {
      const lit = at === 6 || at === 7 ? FLASHES.get(s) : undefined;
      const left = pans ? Math.min(WIDTH, at * (WIDTH >> 3)) : at;
      const picture = frame(photo, left, at >> 1, lit);
      const startMs = performance.now();
      const begins = detector.begins(picture);
      const tookMs = performance.now() - startMs;
      elapsedMs += tookMs;
      worstMs = Math.max(worstMs, tookMs);
      frames += 1;
      const isCut = at === 0 && s > 0;
      cuts += isCut ? 1 : 0;
      if (begins) {
        const kind = isCut ? 'cut' : FLASHES.has(s) && at >= 6 && at <= 8 ? 'flash' : pans ? 'pan' : 'other';
        found[kind] += 1;
      }
    }
  }
}
const all = Object.values(found).reduce((sum, count) => sum + count, 0);
console.log(
  JSON.stringify({
    photographs: files.length,
    clips: Number(clips),
    cuts,
    recall: found.cut / cuts,
    precision: found.cut / all,
    falseAlarms: { flashes: found.flash, ofFlashes: 5 * Number(clips), pans: found.pan, other: found.other },
    msPerFrame: Number((elapsedMs / frames).toFixed(3)),
    worstMs: Number(worstMs.toFixed(1)),
  }),
);
