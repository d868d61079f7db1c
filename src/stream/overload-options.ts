/**
 * What a live stream does when the machine can't keep up, with defaults.
 */
import { z } from 'zod';

const waitMs = (defaultMs: number) => z.int().min(100).max(3_600_000).default(defaultMs);

/** Schema of {@link OverloadOptions}. */
export const overloadOptionsSchema = z.strictObject({
  policy: z
    .enum(['skip', 'decimate'])
    .default('skip')
    .describe(
      'skip: the newest frame, beside its real neighbours. decimate: every k-th frame, its pyramid never in vain.',
    ),
  minFps: z
    .number()
    .min(0.1)
    .max(240)
    .default(5)
    .describe('With fewer restored frames a second the stream goes on with the next of its models.'),
  downAfterMs: waitMs(3_000).describe('How long it may be fewer, ms.'),
  upAfterMs: waitMs(20_000).describe(
    'How long a lighter model must keep up before the heavier one is tried again, ms.',
  ),
  upMaxMs: waitMs(600_000).describe('Each try that fails doubles that wait, up to this, ms.'),
});

/** Options of a stream's overload ladder, defaults filled in. */
export type OverloadOptions = z.output<typeof overloadOptionsSchema>;
