/**
 * Options of every sink that encodes pictures, with their defaults.
 */
import { z } from 'zod';

/** Keys that encoding sinks share. */
export const encodingOptions = {
  codec: z.enum(['h264', 'h265']).default('h264').describe('What pictures are encoded as.'),
  encoder: z
    .enum(['auto', 'software', 'nvenc', 'vaapi'])
    .default('auto')
    .describe(
      'Who encodes: an NVIDIA card, a card with VA-API, x264 or x265; auto takes the first of these that is there.',
    ),
  preset: z
    .enum(['ultrafast', 'superfast', 'veryfast', 'faster', 'fast', 'medium', 'slow'])
    .default('superfast')
    .describe('Of x264 and x265: slower makes smaller files.'),
  framesPerSecond: z
    .number()
    .min(0.1)
    .max(1_000)
    .optional()
    .describe('Expected rate, a hint: time stamps are kept as they come.'),
  gopSeconds: z.number().min(0.1).max(60).default(2).describe('Time between key frames, s.'),
  writeTimeoutMs: z
    .int()
    .min(100)
    .max(600_000)
    .default(10_000)
    .describe('Longest wait for the encoder, disk or network to take one frame, ms.'),
  finishTimeoutMs: z.int().min(100).max(600_000).default(5_000).describe('Longest wait for the end of an output, ms.'),
};

/** Keys of sinks that may keep a quality instead of a bitrate. */
export const qualityOptions = {
  crf: z.int().min(0).max(50).default(20).describe('Quality: 0 is lossless, 18 looks so, 28 is coarse.'),
  bitrateKbps: z
    .int()
    .min(64)
    .max(2_048_000)
    .optional()
    .describe('A steady bitrate, kbit/s, instead of the steady quality of crf.'),
  maxBitrateKbps: z.int().min(64).max(2_048_000).default(40_000).describe('Most that crf may use, kbit/s.'),
};

/** The key of sinks that a network carries. */
export const bitrateOptions = {
  bitrateKbps: z.int().min(64).max(2_048_000).default(4_000).describe('A steady bitrate, kbit/s.'),
};

const encodingSchema = z.strictObject(encodingOptions);
const qualitySchema = z.strictObject(qualityOptions).partial();

/** What an encoder is asked for, defaults filled in: a bitrate, or a quality and its limit. */
export type EncodingOptions = z.output<typeof encodingSchema> & z.output<typeof qualitySchema>;
