/**
 * Options of the sinks that take pictures as they are, with their defaults.
 */
import { z } from 'zod';

const rawOutputOptions = {
  view: z.enum(['restored', 'source']).default('restored').describe('Which picture goes there.'),
  writeTimeoutMs: z.int().min(100).max(600_000).default(10_000).describe('Longest wait for it to take one frame, ms.'),
  finishTimeoutMs: z.int().min(100).max(600_000).default(5_000).describe('Longest wait for its end, ms.'),
};

/** Schema of the options of a display. */
export const displayOptionsSchema = z.strictObject(rawOutputOptions);

/** Schema of the options of a pipeline. */
export const pipelineOptionsSchema = z.strictObject({
  launch: z
    .string()
    .min(1)
    .max(10_000)
    .describe('A GStreamer text, run as it stands: it takes raw video, "v4l2sink device=/dev/video9" for instance.'),
  ...rawOutputOptions,
});

/** Options of a display. */
export type DisplayOptions = z.input<typeof displayOptionsSchema>;

/** Options of a pipeline. */
export type PipelineOptions = z.input<typeof pipelineOptionsSchema>;
