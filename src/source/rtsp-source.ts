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

/** Opens `rtsp[s]://[user:password@]host[:port]/path`. Throws ERR_SOURCE_URI. */
export function openRtsp(uri: string, opening: Opening): Source {
  const { options } = opening;
  const { location, user, password } = parseNetworkUri(uri);
  const text = readLaunchText('source-rtsp');
  const head = (damaged: boolean) =>
    fillLaunchText(text, {
      location,
      user,
      password,
      transport: TRANSPORTS[options.transport],
      jitterMs: options.jitterMs,
      udpTimeoutUs: UDP_PATIENCE_MS * US_PER_MS,
      tcpTimeoutUs: options.openTimeoutMs * US_PER_MS,
      certificateChecks: options.trustAnyCertificate ? 'no-flags' : 'validate-all',
      damaged: String(damaged),
    });
  // Filled once now: a value that fits no hole is told before any process runs.
  head(false);
  return plannedSource({ label: redactUri(uri), live: true, head, endless: true, audio: 'source-audio-rtp' }, opening);
}
