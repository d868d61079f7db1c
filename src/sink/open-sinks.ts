/**
 * Opens the sinks that a stream's configuration names.
 */
import { z } from 'zod';
import type { LimpidError } from '../errors/limpid-error.js';
import { openPush } from './push.js';
import { pushOptionsSchema } from './push-options.js';
import { openRecorder } from './record.js';
import { recordOptionsSchema } from './record-options.js';
import type { Sink } from './sink.js';
import type { Provenance } from './tags.js';

/** What is known of a stream when its sinks are opened. */
export interface SinksContext {
  readonly stream: string;
  readonly models: Provenance['models'];
  readonly onTrouble: (error: LimpidError) => void;
}

/** Keys of a stream's configuration that name sinks. */
export const sinkKeys = {
  record: recordOptionsSchema
    .extend({
      view: z
        .enum(['restored', 'source', 'both'])
        .default('restored')
        .describe('Which picture is recorded; the source’s files have "-source" behind the name of the stream.'),
    })
    .optional()
    .describe('Records the stream into files.'),
  push: z.array(pushOptionsSchema).max(16).optional().describe('Where the stream is pushed to.'),
};

const sinksSchema = z.object(sinkKeys);

/** The sinks of a stream, defaults filled in. */
export type SinksConfig = z.output<typeof sinksSchema>;

/** Opens them; no process is started before the first frame. */
export function openSinks({ record, push = [] }: SinksConfig, context: SinksContext): readonly Sink[] {
  return [...(record === undefined ? [] : openRecorders(record, context)), ...push.map((options) => openPush(options))];
}

function openRecorders(record: NonNullable<SinksConfig['record']>, context: SinksContext): readonly Sink[] {
  const { view, ...options } = record;
  const { stream, models, onTrouble } = context;
  const views = view === 'both' ? (['restored', 'source'] as const) : [view];
  return views.map((one) => openRecorder(options, { provenance: { stream, view: one, models }, onTrouble }));
}
