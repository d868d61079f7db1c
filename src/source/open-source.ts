/**
 * Opens a source by its URI: one dispatch by scheme, each scheme in a file of its own with its pipeline texts.
 */
import { LimpidError, messageOf } from '../errors/limpid-error.js';
import { redactUri } from '../log/redact.js';
import { openCamera } from './camera-source.js';
import { openFile, openFileUri } from './file-source.js';
import { openHttp } from './http-source.js';
import { openPipeline } from './pipeline-source.js';
import { type Opening, uriError } from './planned-source.js';
import { openRtsp } from './rtsp-source.js';
import type { Source } from './source.js';
import { type ResolvedSourceOptions, type SourceOptions, sourceOptionsSchema } from './source-options.js';
import { openTest } from './test-source.js';
import { openSrt, openUdp } from './transport-stream-source.js';

/** What a source may do beyond its options, and whom it tells. */
export interface SourceContext {
  /** Whether `pipeline:` is allowed: only where the URI stands in the user's own configuration file. Default false. */
  readonly rawPipelines?: boolean;
  /** Told once each what a person should know about the pictures; default: nobody. */
  readonly warn?: (sentence: string) => void;
}

const SCHEMES: Readonly<Record<string, (uri: string, opening: Opening) => Source>> = {
  rtsp: openRtsp,
  rtsps: openRtsp,
  http: openHttp,
  https: openHttp,
  udp: openUdp,
  srt: openSrt,
  file: openFileUri,
  test: openTest,
  camera: openCamera,
  pipeline: openPipeline,
};

/** A scheme is longer than a letter, so that no path is taken for one. */
const SCHEME = /^([a-z][a-z0-9+.-]+):/i;

/**
 * Opens `rtsp[s]://`, `http[s]://`, `udp://`, `srt://`, `file:`, `test:`, `camera:`, `pipeline:` or a plain path. No process
 * is started before the first subscription.
 *
 * Throws ERR_SOURCE_URI for what can't be a source, ERR_INPUT_FILE for a file that is not there, ERR_CONFIG for options.
 *
 * @example openSource('rtsp://user:password@camera/stream', { transport: 'tcp' }).session$().subscribe(show)
 */
export function openSource(uri: string, options: SourceOptions = {}, context: SourceContext = {}): Source {
  const opening: Opening = {
    options: resolveOptions(options),
    rawPipelines: context.rawPipelines ?? false,
    warn: context.warn ?? (() => undefined),
  };
  const scheme = SCHEME.exec(uri)?.[1]?.toLowerCase();
  if (scheme === undefined) {
    return openFile(uri, opening);
  }
  const open = Object.hasOwn(SCHEMES, scheme) ? SCHEMES[scheme] : undefined;
  if (open === undefined) {
    throw uriError(
      'Expected rtsp://, rtsps://, http://, https://, udp://, srt://, file:, test:, camera:, pipeline: or the path of a ' +
        'video for a source',
      redactUri(uri),
    );
  }
  return open(uri, opening);
}

function resolveOptions(options: SourceOptions): ResolvedSourceOptions {
  const parsed = sourceOptionsSchema.safeParse(options);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const where = issue?.path.join('.') ?? '';
    throw new LimpidError(
      'ERR_CONFIG',
      `Source option${where === '' ? '' : ` ${where}`}: ${messageOf(issue?.message)}`,
    );
  }
  return parsed.data;
}
