/**
 * A picture with fine detail, drawn at any size, so that screenshots show what the split compares.
 */
import type { Painter } from '../server/synthetic-stream.js';

type Colour = readonly [number, number, number];

/** The scene as a restored picture of 1280×720 shows it. */
export const restoredScene: Painter = (x, y) => scene(x / 1280, y / 720);
/** The same as a source of 320×180 shows it: one sample a pixel, which loses the fine lines. */
export const sourceScene: Painter = (x, y) => scene((x + 0.5) / 320, (y + 0.5) / 180);

function scene(u: number, v: number): Colour {
  const ring = Math.hypot((u - 0.5) * 16, (v - 0.5) * 9);
  const rings = 0.5 + 0.5 * Math.cos(ring * ring * 2.4);
  const glow = 1 - Math.min(1, ring / 8);
  return [40 + 150 * glow * rings, 70 + 110 * v + 50 * rings, 110 + 90 * (1 - v) * rings];
}
