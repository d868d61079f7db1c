/**
 * Options of a stream's engine, with their defaults.
 */
import { z } from 'zod';
import type { Size } from '../edvr/geometry.js';

/** Schema of {@link EngineOptions}. */
export const engineOptionsSchema = z.strictObject({
  isolation: z
    .enum(['process', 'thread'])
    .default('process')
    .describe('A worker in a process may crash, hang or be killed; a thread saves two copies of each picture.'),
  threads: z.int().min(1).max(64).optional().describe('Threads within one operator; default: the cores, at most 4.'),
  selfEnsemble: z
    .union([z.literal(4), z.literal(8)], '4 or 8')
    .optional()
    .describe('The mean of 4 flipped passes, or of 8 with the transposed ones; default: one pass.'),
  tile: z
    .string()
    .regex(/^(auto|off|[1-9]\d{0,4}x[1-9]\d{0,4})$/, 'auto, off, or a size such as 480x270')
    .default('auto')
    .transform(tileOf)
    .describe('Largest tile that a frame is restored in; auto: as memory asks for it; off: whole frames only.'),
  tileOverlap: z
    .union([z.literal('exact'), z.int().min(0).max(1024)], 'a whole number of pixels up to 1024, or exact')
    .optional()
    .describe("Pixels around a tile that are thrown away; exact: as many as make the whole frame's result."),
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

function tileOf(text: string): Size | 'auto' | 'off' {
  if (text === 'auto' || text === 'off') return text;
  const [width = 0, height = 0] = text.split('x').map(Number);
  return { width, height };
}

/** Options of a stream's engine, defaults filled in. */
export type EngineOptions = z.output<typeof engineOptionsSchema>;
