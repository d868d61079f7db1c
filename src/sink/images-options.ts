/**
 * Options of a series of pictures, with their defaults.
 */
import { z } from 'zod';
import { storageOptions } from './storage-options.js';

/** Schema of {@link ImagesOptions}. */
export const imagesOptionsSchema = z.strictObject({
  ...storageOptions('{stream}-%Y%m%d-%H%M%S'),
  view: z.enum(['restored', 'source']).default('restored').describe('Which picture is kept.'),
  every: z
    .int()
    .min(1)
    .max(1_000_000_000)
    .default(25)
    .describe('One frame of so many is kept, beginning with the first.'),
  format: z.enum(['png', 'jpeg']).default('png').describe('PNG keeps every pixel, JPEG is smaller.'),
  quality: z.int().min(1).max(100).default(90).describe('Of JPEG.'),
});

/** Options of a series of pictures; `dir` is the only one without a default. */
export type ImagesOptions = z.input<typeof imagesOptionsSchema>;

/** Options of a series of pictures, defaults filled in. */
export type ResolvedImagesOptions = z.output<typeof imagesOptionsSchema>;
