/**
 * `http://` and `https://`: Motion JPEG, HLS, or a video file played at its own pace.
 */
import { redactUri } from '../log/redact.js';
import { fillLaunchText, readLaunchText } from '../media/launch-text.js';
import { parseNetworkUri } from './network-uri.js';
import { type Opening, plannedSource } from './planned-source.js';
import type { Source } from './source.js';

const MS_PER_SECOND = 1_000;

/** Opens `http[s]://[user:password@]host[:port]/path`. Throws ERR_SOURCE_URI. */
export function openHttp(uri: string, opening: Opening): Source {
  const { options } = opening;
  const { location, user, password } = parseNetworkUri(uri);
  const head = fillLaunchText(readLaunchText('source-http'), {
    location,
    user,
    password,
    timeoutS: Math.ceil(options.openTimeoutMs / MS_PER_SECOND),
    strict: options.trustAnyCertificate ? 'false' : 'true',
  });
  const plan = {
    label: redactUri(uri),
    live: true,
    head: () => head,
    endless: true,
    audio: 'source-audio-http',
  } as const;
  return plannedSource(plan, opening);
}
