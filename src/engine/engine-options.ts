/**
 * Options of a stream's engine, with their defaults.
 */
import { z } from 'zod';

/** Schema of {@link EngineOptions}. */
export const engineOptionsSchema = z.strictObject({
  isolation: z
    .enum(['process', 'thread'])
    .default('process')
    .describe('A worker in a process may crash, hang or be killed; a thread saves two copies of each picture.'),
  threads: z.int().min(1).max(64).optional().describe('Threads within one operator; default: the cores, at most 4.'),
  openTimeoutMs: z
    .int()
    .min(100)
    .max(3_600_000)
    .default(120_000)
    .describe('Longest wait for a worker process to open its model before it is killed and replaced, ms.'),
  restoreTimeoutMs: z
    .int()
    .min(100)
    .max(3_600_000)
    .default(20_000)
    .describe('Longest wait for one restored frame before a worker process is killed and replaced, ms.'),
  retryTimeoutMs: z
    .int()
    .min(0)
    .max(600_000)
    .default(2_000)
    .describe('Longest wait for the worker that replaces a dead one, before its frame is shown upscaled, ms.'),
});

/** Options of a stream's engine, defaults filled in. */
export type EngineOptions = z.output<typeof engineOptionsSchema>;
