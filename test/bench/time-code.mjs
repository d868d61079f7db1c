/**
 * A live source whose pictures carry the time at which they were made, for measuring latency where it is seen.
 *
 *     top row: 32 squares of 8×8 pixels, white for 1, the highest bit first: tenths of a millisecond, Unix, modulo 2^32
 *     below:   a gradient and grain that move down a row a frame, so that codecs have something to do
 */
import { Observable } from 'rxjs';

/** Squares of the code, and their side, pixels. */
export const CODE_BITS = 32;
export const CODE_SIDE = 8;

/** The time of this machine, tenths of a millisecond modulo 2^32: the same in Node and in a page. */
export function nowTenths() {
  return Math.floor((performance.timeOrigin + performance.now()) * 10) % 2 ** 32;
}

/** A Source of `width`×`height` pictures (width ≥ 256, height ≥ 8) at `fps`. */
export function timeCodeSource(width, height, fps) {
  const rowBytes = width * 3;
  // Two pictures high, so that every frame is one copy of a part of it.
  const texture = new Uint8Array(rowBytes * height * 2);
  let seed = 1;
  for (let at = 0; at < texture.length; at += 1) {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    const row = Math.floor(at / rowBytes) % height;
    texture[at] = 60 + Math.round((row / height) * 120) + (seed % 16);
  }
  return {
    label: 'time code',
    live: true,
    session$: () =>
      new Observable((subscriber) => {
        let count = 0;
        const timer = setInterval(() => {
          const start = (count % height) * rowBytes;
          const data = texture.slice(start, start + rowBytes * height);
          paintCode(data, rowBytes, nowTenths());
          const ptsNs = BigInt(Math.round((count * 1e9) / fps));
          subscriber.next({ width, height, format: 'rgb8', data, ptsNs, captureTimeMs: Date.now() });
          count += 1;
        }, 1000 / fps);
        return () => clearInterval(timer);
      }),
  };
}

function paintCode(data, rowBytes, tenths) {
  for (let bit = 0; bit < CODE_BITS; bit += 1) {
    const value = Math.floor(tenths / 2 ** (CODE_BITS - 1 - bit)) % 2 === 1 ? 235 : 20;
    const from = bit * CODE_SIDE * 3;
    for (let row = 0; row < CODE_SIDE; row += 1) {
      data.fill(value, row * rowBytes + from, row * rowBytes + from + CODE_SIDE * 3);
    }
  }
}

/** The value at a share of a sorted list. */
export function quantile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
