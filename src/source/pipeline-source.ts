/**
 * `pipeline:` any GStreamer text that ends in video. It can do whatever GStreamer can, write files included: that is why only
 * the user's own configuration file may say it.
 */
import { fillLaunchText, readLaunchText } from '../media/launch-text.js';
import { type Opening, plannedSource, uriError } from './planned-source.js';
import type { Source } from './source.js';

/** Opens `pipeline:TEXT`. Throws ERR_SOURCE_URI where texts are not allowed or there is none. */
export function openPipeline(uri: string, opening: Opening): Source {
  if (!opening.rawPipelines) {
    throw uriError(
      'Expected a source other than pipeline: here: a pipeline text is taken from a configuration file only',
    );
  }
  const text = uri
    .slice('pipeline:'.length)
    .replaceAll(/\s*[\r\n]\s*/g, ' ')
    .trim();
  if (text === '' || text.endsWith('!')) {
    throw uriError(
      'Expected a GStreamer text that ends with an element that gives video after "pipeline:", such as pipeline: videotestsrc',
    );
  }
  const head = `${text} ${fillLaunchText(readLaunchText('source-pipeline'), {})}`;
  // The text may hold secrets: it is not a name.
  const plan = { label: 'The pipeline', live: true, head: () => head, endless: true, timeline: 'running' } as const;
  return plannedSource(plan, opening);
}
