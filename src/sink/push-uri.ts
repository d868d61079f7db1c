/**
 * The address of a push, taken apart: what its pipeline needs, and a label in which nothing is secret.
 */
import { LimpidError } from '../errors/limpid-error.js';
import { redactUri } from '../log/redact.js';
import type { HoleValues } from '../media/launch-text.js';

/** How pictures travel. */
export type PushProtocol = 'rtsp' | 'rtmp' | 'srt' | 'udp';

/** Where to push. */
export interface PushTarget {
  readonly protocol: PushProtocol;
  /** For people and logs: without user, password, passphrase or stream key. */
  readonly label: string;
  /** Texts that must not be repeated, as GStreamer may in its messages. */
  readonly secrets: readonly string[];
  /** What the protocol's pipeline text is filled with. */
  readonly holes: HoleValues;
}

const PROTOCOLS: Readonly<Record<string, PushProtocol>> = {
  'rtsp:': 'rtsp',
  'rtsps:': 'rtsp',
  'rtmp:': 'rtmp',
  'rtmps:': 'rtmp',
  'srt:': 'srt',
  'udp:': 'udp',
};

/**
 * Parses `rtsp[s]://[user:password@]host[:port]/path`, `rtmp[s]://host/app/key`, `srt://host:port[?passphrase=…]` or
 * `udp://host:port`. Throws ERR_CONFIG; the URI is not repeated in the sentence, as it may hold a secret.
 */
export function parsePushUri(uri: string): PushTarget {
  const url = URL.canParse(uri) ? new URL(uri) : null;
  const protocol = url === null ? undefined : PROTOCOLS[url.protocol];
  const needsPort = protocol === 'srt' || protocol === 'udp';
  const listens = protocol === 'srt' && url?.searchParams.get('mode') === 'listener';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  const clean = !/[\u0000-\u0020\u007f]/.test(uri);
  if (
    url === null ||
    protocol === undefined ||
    !clean ||
    (url.host === '' && !listens) ||
    (needsPort && url.port === '')
  ) {
    throw new LimpidError(
      'ERR_CONFIG',
      'Expected rtsp://, rtsps://, rtmp:// or rtmps:// with host and path, or srt:// or udp:// with host and port, for a push; ' +
        'write "/", "?", "#", "@" and spaces in a user or password as %2F, %3F, %23, %40 and %20',
    );
  }
  switch (protocol) {
    case 'rtsp':
      return rtspTarget(uri, url);
    case 'rtmp':
      return rtmpTarget(uri, url);
    case 'srt': {
      const secrets = ['passphrase', 'streamid'].map((name) => url.searchParams.get(name) ?? '');
      return {
        protocol,
        label: redactUri(uri),
        secrets,
        holes: { location: uri },
      };
    }
    case 'udp':
      return {
        protocol,
        label: `udp://${url.host}`,
        secrets: [],
        holes: { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port) },
      };
  }
}

function rtspTarget(uri: string, url: URL): PushTarget {
  const password = decoded(url.password);
  return {
    protocol: 'rtsp',
    label: redactUri(uri),
    secrets: [password],
    holes: { location: uri.replace(/\/\/[^/?#]*@/, '//'), user: decoded(url.username), password },
  };
}

/** The last part of an RTMP path is the stream's key: whoever knows it may publish. */
function rtmpTarget(uri: string, url: URL): PushTarget {
  const at = url.pathname.lastIndexOf('/');
  const app = at > 0 ? url.pathname.slice(0, at) : '';
  const key = url.pathname.slice(at + 1);
  return {
    protocol: 'rtmp',
    label: `${url.protocol}//${url.host}${app}/***`,
    secrets: [key, decoded(url.password), url.search.slice(1)],
    holes: { location: uri },
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
