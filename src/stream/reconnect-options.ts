/**
 * How a lost source is opened again: exponential back-off with jitter.
 */
import { z } from 'zod';

/** Schema of {@link ReconnectOptions}. */
export const reconnectOptionsSchema = z
  .strictObject({
    /** Wait before the first attempt after a loss, ms. */
    firstDelayMs: z.int().min(10).max(3_600_000).default(500),
    /** Longest wait, ms. */
    maxDelayMs: z.int().min(10).max(3_600_000).default(10_000),
    /** Each wait is that many times the one before it. */
    factor: z.number().min(1).max(10).default(2),
    /** Share of a wait that is left to chance, so that many streams don't all knock at once: 0 none, 1 all of it. */
    jitter: z.number().min(0).max(1).default(0.2),
    /** A session that gave pictures for less than this counts as one more failure: the wait goes on growing. ms */
    stableMs: z.int().min(0).max(3_600_000).default(2_000),
  })
  .refine(({ firstDelayMs, maxDelayMs }) => firstDelayMs <= maxDelayMs, {
    path: ['maxDelayMs'],
    message: 'a number not below firstDelayMs',
  });

/** The waits between attempts, defaults filled in. */
export type ReconnectOptions = z.output<typeof reconnectOptionsSchema>;
