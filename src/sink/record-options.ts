/**
 * Options of a recording, with their defaults.
 */
import { z } from 'zod';
import { encodingOptions, qualityOptions } from './encoding-options.js';
import { storageOptions } from './storage-options.js';

/** Schema of {@link RecordOptions}. */
export const recordOptionsSchema = z.strictObject({
  ...storageOptions('{stream}-%Y%m%d-%H%M%S'),
  container: z
    .enum(['matroska', 'mp4'])
    .default('matroska')
    .describe('File format; mp4 is written in fragments. Both stay playable when the process is killed.'),
  segmentSeconds: z
    .number()
    .min(1)
    .max(1_000_000)
    .optional()
    .describe('A file is followed by the next after this time, s; each begins with a key frame.'),
  segmentMegabytes: z
    .number()
    .min(0.1)
    .max(10_000_000)
    .optional()
    .describe('A file is followed by the next when it holds this much, 10⁶ bytes, looked at once a second.'),
  ...qualityOptions,
  ...encodingOptions,
});

/** Options of a recording; `dir` is the only one without a default. */
export type RecordOptions = z.input<typeof recordOptionsSchema>;

/** Options of a recording, defaults filled in. */
export type ResolvedRecordOptions = z.output<typeof recordOptionsSchema>;
