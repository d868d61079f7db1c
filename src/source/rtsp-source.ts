/**
 * `rtsp://` and `rtsps://`: H.264, H.265, Motion JPEG and whatever else has an RTP payload and a decoder.
 */
import { redactUri } from '../log/redact.js';
import { fillLaunchText, readLaunchText } from '../media/launch-text.js';
import { parseNetworkUri } from './network-uri.js';
import { type Opening, plannedSource } from './planned-source.js';
import type { Source } from './source.js';

const US_PER_MS = 1_000;
/** Silence after which 'auto' gives up UDP for TCP, ms. */
const UDP_PATIENCE_MS = 2_000;
const TRANSPORTS = { auto: 'udp-mcast+udp+tcp', tcp: 'tcp', udp: 'udp-mcast+udp' } as const;
/** Merged into the caps of the video: the first without the parameter sets that the session description has of H.265. */
const SESSION_SETS = {
  withheld: 'application/x-rtp,sprop-vps=(string)"",sprop-sps=(string)"",sprop-pps=(string)""',
  kept: 'application/x-rtp',
} as const;

/** Opens `rtsp[s]://[user:password@]host[:port]/path`. Throws ERR_SOURCE_URI. */
export function openRtsp(uri: string, opening: Opening): Source {
  const { options } = opening;
  const { location, user, password } = parseNetworkUri(uri);
  const text = readLaunchText('source-rtsp');
  /** Found to be needed: the key frames do without. */
  let keepsSets = false;
  const head = (damaged: boolean) => {
    keepsSets ||= damaged;
    return fillLaunchText(text, {
      location,
      user,
      password,
      transport: TRANSPORTS[options.transport],
      jitterMs: options.jitterMs,
      udpTimeoutUs: UDP_PATIENCE_MS * US_PER_MS,
      tcpTimeoutUs: options.openTimeoutMs * US_PER_MS,
      certificateChecks: options.trustAnyCertificate ? 'no-flags' : 'validate-all',
      damaged: String(damaged),
      sessionSets: keepsSets ? SESSION_SETS.kept : SESSION_SETS.withheld,
    });
  };
  // Filled once now: a value that fits no hole is told before any process runs.
  head(false);
  return plannedSource({ label: redactUri(uri), live: true, head, endless: true, audio: 'source-audio-rtp' }, opening);
}
