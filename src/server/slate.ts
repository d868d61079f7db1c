/**
 * The slate: what stands in for a stream that has given no picture yet, where nothing but a picture can be shown.
 */
import sharp from 'sharp';
import type { StreamState, StreamStatus } from '../frame/live-stream.js';

const WORDS: Readonly<Record<StreamState, string>> = {
  connecting: 'connecting',
  live: 'no picture yet',
  stalled: 'the source is silent',
  reconnecting: 'no connection, trying again',
  ended: 'ended',
  failed: 'failed',
};
/** Size of the slate of a stream that does not know its own yet. */
const WIDTH = 640;
const HEIGHT = 360;
/** Drawn with no other typeface than the machine has; the lens says the same without words. */
const TYPEFACE = 'DejaVu Sans, sans-serif';

/** A JPEG with the stream's name and state, of the stream's size where that is known. */
export function slateJpeg({ name, state, width, height }: StreamStatus): Promise<Buffer> {
  const size = width > 0 && height > 0 ? { width, height } : { width: WIDTH, height: HEIGHT };
  // A name has letters, digits, "-" and "_" only: nothing to escape.
  const drawing = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}"
      width="${size.width}" height="${size.height}">
    <rect width="100%" height="100%" fill="#16191d"/>
    <g fill="none" stroke="#5b6670" stroke-width="6">
      <circle cx="320" cy="135" r="44"/><circle cx="320" cy="135" r="16"/><path d="M262 193 L378 77"/>
    </g>
    <g fill="#aab4be" font-family="${TYPEFACE}" text-anchor="middle">
      <text x="320" y="240" font-size="28">${name}</text>
      <text x="320" y="278" font-size="20">${WORDS[state]}</text>
    </g>
  </svg>`;
  return sharp(Buffer.from(drawing)).flatten({ background: '#16191d' }).jpeg({ quality: 85 }).toBuffer();
}
