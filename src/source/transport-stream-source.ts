/**
 * `udp://` and `srt://`: an MPEG transport stream with H.264, H.265 or MPEG-2 video.
 */
import { isIP } from 'node:net';
import { redactUri } from '../log/redact.js';
import { fillLaunchText, readLaunchText } from '../media/launch-text.js';
import { type Opening, plannedSource, uriError } from './planned-source.js';
import type { Source } from './source.js';
import { requireUdpPort } from './udp-port.js';
import { uriParameters } from './uri-parameters.js';

const UDP = /^udp:\/\/@?(\[[0-9a-f:.]+\]|[0-9.]*):(\d{1,5})\/?(?:\?(.*))?$/i;
const SRT = /^srt:\/\/(\[[0-9a-f:.]+\]|[a-z0-9._-]*):(\d{1,5})\/?(?:\?(.*))?$/i;
const MOST_PORT = 65_535;

/** What an SRT URI may say, and how a value of it looks. */
const SRT_PARAMETERS = {
  mode: /^(?:caller|listener|rendezvous)$/,
  latency: /^\d{1,5}$/,
  passphrase: /^[\x20-\x7e]{10,79}$/,
  pbkeylen: /^(?:16|24|32)$/,
  streamid: /^[\x20-\x7e]{1,512}$/,
} as const;

/** Opens `udp://[address]:port[?interface=NAME]`; a multicast address is joined. Throws ERR_SOURCE_URI. */
export function openUdp(uri: string, opening: Opening): Source {
  const [, host = '', port = '', query = ''] = UDP.exec(uri) ?? [];
  const address = host.replace(/^\[|\]$/g, '') || '0.0.0.0';
  const parameters = uriParameters(query, { interface: /^[A-Za-z0-9_.:-]{1,15}$/ });
  if (parameters === null || isIP(address) === 0 || !isPort(port)) {
    throw uriError(
      'Expected udp://address:port of this machine or of a multicast group for an MPEG-TS source, such as udp://:5000 or ' +
        'udp://239.1.1.1:5000?interface=eth0',
      redactUri(uri),
    );
  }
  // Many may listen to a group; of two that listen to one address, only one would get the packets.
  const reuse = isMulticast(address) ? 'true' : 'false';
  const values = { address, port: Number(port), interface: parameters.interface ?? '', reuse };
  const head = fillLaunchText(readLaunchText('source-udp'), values);
  const label = uri;
  const whenFree = async () => {
    await (isMulticast(address) ? undefined : requireUdpPort(address, Number(port), label));
    return head;
  };
  return plannedSource({ label, live: true, head: whenFree, endless: true, audio: 'source-audio-demuxed' }, opening);
}

/** Opens `srt://host:port[?mode=…&latency=ms&passphrase=…&streamid=…]`. Throws ERR_SOURCE_URI. */
export function openSrt(uri: string, opening: Opening): Source {
  const [, host = '', port = '', query = ''] = SRT.exec(uri) ?? [];
  const parameters = uriParameters(query, SRT_PARAMETERS);
  const listens = parameters?.mode === 'listener';
  if (parameters === null || !isPort(port) || (host === '' && !listens)) {
    // The query is not repeated: a passphrase that is too short is one as well.
    throw uriError(
      'Expected srt://host:port for an SRT source, with mode=caller, listener or rendezvous, latency=ms, passphrase=10 to ' +
        '79 characters, pbkeylen=16, 24 or 32 and streamid=text after a "?"',
      redactUri(uri.split('?')[0] ?? ''),
    );
  }
  const rebuilt = new URLSearchParams({ mode: 'caller', ...parameters }).toString().replaceAll('+', '%20');
  const head = fillLaunchText(readLaunchText('source-srt'), { uri: `srt://${host}:${port}?${rebuilt}` });
  const label = redactUri(uri);
  const whenFree = async () => {
    // An address to listen on may be a name: then SRT finds out itself.
    const address = host.replace(/^\[|\]$/g, '') || '0.0.0.0';
    await (listens && isIP(address) !== 0 ? requireUdpPort(address, Number(port), label) : undefined);
    return head;
  };
  return plannedSource({ label, live: true, head: whenFree, endless: true, audio: 'source-audio-demuxed' }, opening);
}

function isMulticast(address: string): boolean {
  const [first = ''] = address.split('.');
  return isIP(address) === 4 ? Number(first) >= 224 && Number(first) <= 239 : /^ff/i.test(address);
}

function isPort(text: string): boolean {
  return /^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= MOST_PORT;
}
