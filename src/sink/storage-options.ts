/**
 * Options of every sink that fills a folder: names, retention, and what to do when the disk is nearly full.
 */
import { z } from 'zod';
import { unknownDirective } from './file-name.js';

/** Keys that such sinks share, `name` with its default. */
export const storageOptions = (name: string) => ({
  dir: z.string().min(1).describe('Folder of the files; made when it is not there.'),
  name: z
    .string()
    .min(1)
    .max(200)
    .refine((pattern) => !/(^|\/)\.*(\/|$)/.test(pattern), 'a relative name without empty or dotted folders')
    .refine((pattern) => unknownDirective(pattern) === null, 'a name with %Y %y %m %d %H %M %S %j %s %% or {stream}')
    .default(name)
    .describe(
      'Name of a file without its extension: {stream}, strftime’s %Y %y %m %d %H %M %S %j %s; "/" makes folders.',
    ),
  keepHours: z
    .number()
    .min(0.001)
    .max(1_000_000)
    .optional()
    .describe('Files that were finished longer ago are deleted, hours.'),
  keepGigabytes: z
    .number()
    .min(0.001)
    .max(10_000_000)
    .optional()
    .describe('The oldest files are deleted when all of them hold more, 10⁹ bytes.'),
  minFreeMegabytes: z
    .number()
    .min(0)
    .max(10_000_000)
    .default(200)
    .describe('With less free space than this the disk counts as full, 10⁶ bytes.'),
  diskFull: z
    .enum(['stop', 'delete-oldest'])
    .default('stop')
    .describe('On a full disk: write nothing until there is space, or delete the oldest of these files.'),
});

const storageSchema = z.strictObject(storageOptions('x'));

/** Where files go and how long they stay, defaults filled in. */
export type StorageOptions = z.output<typeof storageSchema>;
