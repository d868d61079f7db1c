/**
 * Opens a source by its URI: a closed set of schemes, each with its pipeline text.
 */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LimpidError, messageOf } from '../errors/limpid-error.js';
import { redactUri } from '../log/redact.js';
import { fillLaunchText, readLaunchText } from '../media/launch-text.js';
import { decodeSession$, type SessionPlan } from './decode-session.js';
import { timelineOf } from './file-timeline.js';
import { parseRtspUri } from './rtsp-uri.js';
import type { Source } from './source.js';
import { type ResolvedSourceOptions, type SourceOptions, sourceOptionsSchema } from './source-options.js';

const US_PER_MS = 1_000;
/** Silence after which 'auto' gives up UDP for TCP, ms. */
const UDP_PATIENCE_MS = 2_000;
const TRANSPORTS = { auto: 'udp-mcast+udp+tcp', tcp: 'tcp', udp: 'udp-mcast+udp' } as const;
/** A scheme is longer than a letter, so that no path is taken for one. */
const SCHEME = /^([a-z][a-z0-9+.-]+):/i;

/**
 * Opens `rtsp://`, `rtsps://`, `file:` or a plain path. No process is started before the first subscription.
 *
 * Throws ERR_SOURCE_URI for what can't be a source, ERR_INPUT_FILE for a file that is not there, ERR_CONFIG for options.
 *
 * @example openSource('rtsp://user:password@camera/stream', { transport: 'tcp' }).session$().subscribe(show)
 */
export function openSource(uri: string, options: SourceOptions = {}): Source {
  const resolved = resolveOptions(options);
  const scheme = SCHEME.exec(uri)?.[1]?.toLowerCase();
  switch (scheme) {
    case 'rtsp':
    case 'rtsps':
      return rtspSource(uri, resolved);
    case 'file':
      return fileSource(pathOf(uri), resolved);
    case undefined:
      return fileSource(uri, resolved);
    default:
      throw new LimpidError(
        'ERR_SOURCE_URI',
        `Expected rtsp://, rtsps://, file: or the path of a video for a source but received "${redactUri(uri)}"`,
      );
  }
}

function rtspSource(uri: string, options: ResolvedSourceOptions): Source {
  const { location, user, password } = parseRtspUri(uri);
  const launch = fillLaunchText(readLaunchText('source-rtsp'), {
    location,
    user,
    password,
    transport: TRANSPORTS[options.transport],
    jitterMs: options.jitterMs,
    udpTimeoutUs: UDP_PATIENCE_MS * US_PER_MS,
    tcpTimeoutUs: options.openTimeoutMs * US_PER_MS,
    certificateChecks: options.trustAnyCertificate ? 'no-flags' : 'validate-all',
  });
  const label = redactUri(uri);
  return sourceOf(true, { label, launch, loop: false, endless: true, gated: false, timeline: 'stamps', options });
}

function fileSource(path: string, options: ResolvedSourceOptions): Source {
  const absolute = resolve(path);
  requireFile(absolute, path);
  const launch = fillLaunchText(readLaunchText(options.live ? 'source-file-live' : 'source-file'), { path: absolute });
  const { live, loop } = options;
  const timeline = timelineOf(absolute);
  return sourceOf(live, { label: path, launch, loop, endless: false, gated: !live, timeline, options });
}

function sourceOf(live: boolean, plan: SessionPlan): Source {
  return { label: plan.label, live, session$: (gate, onDuration) => decodeSession$(plan, gate, onDuration) };
}

function requireFile(absolute: string, path: string): void {
  let found = 'nothing is there';
  try {
    const stat = statSync(absolute, { throwIfNoEntry: false });
    if (stat?.isFile() === true) {
      return;
    }
    found = stat === undefined ? found : 'that is not a file';
  } catch (cause) {
    found = messageOf(cause);
  }
  throw new LimpidError('ERR_INPUT_FILE', `Expected a video file at ${path} but ${found}; check the path`);
}

function pathOf(uri: string): string {
  try {
    return fileURLToPath(uri);
  } catch (cause) {
    throw new LimpidError('ERR_SOURCE_URI', `Expected file:///path of a video but received "${uri}"`, { cause });
  }
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
