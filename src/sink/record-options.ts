/**
 * Options of a recording, with their defaults.
 */
import { z } from 'zod';

/** Schema of {@link RecordOptions}. */
export const recordOptionsSchema = z.strictObject({
  dir: z.string().min(1).describe('Folder of the recordings; made when it is not there.'),
  container: z
    .enum(['matroska', 'mp4'])
    .default('matroska')
    .describe('File format; mp4 is written in fragments. Both stay playable when the process is killed.'),
  crf: z.int().min(0).max(50).default(20).describe('x264 quality: 0 is lossless, 18 looks so, 28 is coarse.'),
  maxBitrateKbps: z.int().min(64).max(2_048_000).default(40_000).describe('Most the encoder may use, kbit/s.'),
  preset: z
    .enum(['ultrafast', 'superfast', 'veryfast', 'faster', 'fast', 'medium', 'slow'])
    .default('superfast')
    .describe('x264 preset: slower makes smaller files.'),
  framesPerSecond: z
    .number()
    .min(0.1)
    .max(1_000)
    .optional()
    .describe('Expected rate, a hint: time stamps are kept as they come.'),
  gopSeconds: z.number().min(0.1).max(60).default(2).describe('Time between key frames at the expected rate, s.'),
  finishTimeoutMs: z.int().min(100).max(600_000).default(5_000).describe('Longest wait for a file to be finished, ms.'),
  writeTimeoutMs: z
    .int()
    .min(100)
    .max(600_000)
    .default(10_000)
    .describe('Longest wait for the encoder or disk to take one frame, ms.'),
});

/** Options of a recording; `dir` is the only one without a default. */
export type RecordOptions = z.input<typeof recordOptionsSchema>;

/** Options of a recording, defaults filled in. */
export type ResolvedRecordOptions = z.output<typeof recordOptionsSchema>;
