/**
 * Options of a source, with their defaults.
 */
import { z } from 'zod';

const timeoutMs = (defaultMs: number) => z.int().min(100).max(3_600_000).default(defaultMs);

/** Smallest and largest side that a picture may be asked for in, pixels. */
const LEAST_SIDE = 8;
const MOST_SIDE = 16_384;

/** A size as "640x360". */
const size = () =>
  z
    .string()
    .refine((text) => sizeOf(text) !== null, `a size such as 640x360, sides from ${LEAST_SIDE} to ${MOST_SIDE},`);

/** Schema of {@link SourceOptions}. */
export const sourceOptionsSchema = z
  .strictObject({
    transport: z
      .enum(['auto', 'tcp', 'udp'])
      .default('auto')
      .describe('How RTSP carries media: one TCP connection, UDP packets, or UDP with TCP after two silent seconds.'),
    jitterMs: z
      .int()
      .min(0)
      .max(60_000)
      .default(200)
      .describe('How long RTSP waits for a missing or late packet, ms. Packets in order are not delayed.'),
    trustAnyCertificate: z
      .boolean()
      .default(false)
      .describe('rtsps and https: accept certificates that no known authority signed, as most cameras have.'),
    live: z
      .boolean()
      .default(false)
      .describe('Play a file at its own pace, as a camera would, losing frames that the reader does not take in time.'),
    loop: z
      .boolean()
      .default(false)
      .describe('Start a file again at its end, for ever. PTS then jump back to the beginning of the file.'),
    audio: z
      .boolean()
      .default(true)
      .describe('Take the sound along, encoded as the source has it, into recordings and pushes.'),
    decoder: z
      .enum(['auto', 'software'])
      .default('auto')
      .describe('auto: a hardware decoder (NVDEC, VA-API, V4L2) where there is one, software where it fails.'),
    timeDecoder: z
      .boolean()
      .default(false)
      .describe(
        'Time the decoder (stage "decode"). GStreamer traces every element for it: of RTSP at 6 Mbit/s a fifth of a core.',
      ),
    deinterlace: z
      .boolean()
      .default(true)
      .describe('Take the comb out of interlaced pictures, one picture a frame; progressive ones pass untouched.'),
    pixelAspect: z
      .enum(['auto', 'square', 'keep'])
      .default('auto')
      .describe('Pixels that are not square: scaled to square ones, or kept and told. auto: square for live sources.'),
    crop: z
      .strictObject({
        x: z.int().min(0).max(MOST_SIDE).describe('Left edge, pixels.'),
        y: z.int().min(0).max(MOST_SIDE).describe('Top edge, pixels.'),
        width: z.int().min(LEAST_SIDE).max(MOST_SIDE).describe('Width, pixels.'),
        height: z.int().min(LEAST_SIDE).max(MOST_SIDE).describe('Height, pixels.'),
      })
      .optional()
      .describe('Region of interest in the upright picture, before any scaling; the rest is never restored.'),
    maxSize: size()
      .optional()
      .describe('Largest picture, as 640x360: larger ones are scaled down into it before restoring, shape kept.'),
    size: size()
      .optional()
      .describe(
        'Exactly this size, as 640x360: every picture is scaled to it, with black borders where shapes differ.',
      ),
    openTimeoutMs: timeoutMs(10_000).describe('Longest wait for the first picture, ms.'),
    stallTimeoutMs: timeoutMs(5_000).describe(
      'Longest wait between two pictures before the source counts as stalled, ms.',
    ),
    stopTimeoutMs: timeoutMs(1_000).describe(
      'Longest wait for a media process to end by itself before it is killed, ms.',
    ),
    maxFrameBytes: z
      .int()
      .min(3)
      .max(1_073_741_824)
      .default(7680 * 4320 * 3)
      .describe('Largest decoded picture, bytes of RGB. The default holds 8K.'),
  })
  .refine(({ maxSize, size }) => maxSize === undefined || size === undefined, 'either maxSize or size, not both,');

/** Options of a source; every one has a default. */
export type SourceOptions = z.input<typeof sourceOptionsSchema>;

/** Options of a source, defaults filled in. */
export type ResolvedSourceOptions = z.output<typeof sourceOptionsSchema>;

/** Width and height of "640x360"; null for anything else and for sides out of range. */
export function sizeOf(text: string): { readonly width: number; readonly height: number } | null {
  const match = /^(\d{1,5})x(\d{1,5})$/.exec(text);
  const [width, height] = [Number(match?.[1]), Number(match?.[2])];
  const inRange = (side: number) => side >= LEAST_SIDE && side <= MOST_SIDE;
  return inRange(width) && inRange(height) ? { width, height } : null;
}
