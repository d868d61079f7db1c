/**
 * Opens the sinks that a stream's configuration names.
 */
import { z } from 'zod';
import { LimpidError } from '../errors/limpid-error.js';
import { openImages } from './images.js';
import { imagesOptionsSchema } from './images-options.js';
import { openPush } from './push.js';
import { pushOptionsSchema } from './push-options.js';
import { openDisplay, openPipeline } from './raw-output.js';
import { type DisplayOptions, displayOptionsSchema, pipelineOptionsSchema } from './raw-output-options.js';
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
  images: imagesOptionsSchema.optional().describe('Keeps every n-th frame as a picture.'),
  display: displayOptionsSchema.optional().describe('Shows the stream in a window, where there is a display.'),
  pipeline: pipelineOptionsSchema.optional().describe('Hands the stream to a GStreamer text.'),
};

const sinksSchema = z.object(sinkKeys);

/** The sinks of a stream, defaults filled in. */
export type SinksConfig = z.output<typeof sinksSchema>;

/** Opens them; no process is started before the first frame. A display that is not there is said and skipped. */
export function openSinks(config: SinksConfig, context: SinksContext): readonly Sink[] {
  const { record, push = [], images, display, pipeline } = config;
  return [
    ...(record === undefined ? [] : openRecorders(record, context)),
    ...push.map((options) => openPush(options, { onTrouble: context.onTrouble })),
    ...(images === undefined ? [] : [openImages(images, context)]),
    ...(display === undefined ? [] : openWindow(display, context)),
    ...(pipeline === undefined ? [] : [openPipeline(pipeline)]),
  ];
}

function openWindow(options: DisplayOptions, { onTrouble }: SinksContext): readonly Sink[] {
  const window = openDisplay(options);
  if (window !== null) {
    return [window];
  }
  onTrouble(
    new LimpidError(
      'ERR_SINK_OPEN',
      'There is no display to show the stream on: DISPLAY and WAYLAND_DISPLAY are not set',
    ),
  );
  return [];
}

function openRecorders(record: NonNullable<SinksConfig['record']>, context: SinksContext): readonly Sink[] {
  const { view, ...options } = record;
  const { stream, models, onTrouble } = context;
  const views = view === 'both' ? (['restored', 'source'] as const) : [view];
  return views.map((one) => openRecorder(options, { provenance: { stream, view: one, models }, onTrouble }));
}
