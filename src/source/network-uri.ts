/**
 * Splits a network URI into the place and the credentials, so that no sentence of GStreamer ever contains the password.
 */
import { LimpidError } from '../errors/limpid-error.js';

/** A network URI taken apart. */
export interface NetworkUri {
  /** The URI without user and password. */
  readonly location: string;
  /** Decoded user; empty when none was given. */
  readonly user: string;
  /** Decoded password; empty when none was given. */
  readonly password: string;
}

const NETWORK = /^(rtsps?|https?):\/\/(?:([^/?#]*)@)?([^/?#@]*)([/?#].*)?$/i;
const HOST = /^(?:[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?$/;
const LAST_PORT = 65_535;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const BLANK = /[\u0000-\u0020\u007f]/;

/**
 * Parses `scheme://[user:password@]host[:port]/path` of an RTSP or HTTP source. Throws ERR_SOURCE_URI; the URI is not
 * repeated in the sentence, for a password with an unescaped "/" could not be told from a path.
 */
export function parseNetworkUri(uri: string): NetworkUri {
  const match = NETWORK.exec(uri);
  const [, scheme = '', userInfo = '', host = '', rest = ''] = match ?? [];
  const port = Number(HOST.exec(host)?.[1] ?? 1);
  if (match === null || !HOST.test(host) || port < 1 || port > LAST_PORT || BLANK.test(uri)) {
    const kind = /^http/i.test(uri) ? 'http' : 'rtsp';
    throw new LimpidError(
      'ERR_SOURCE_URI',
      `Expected ${kind}://host[:port]/path for an ${kind.toUpperCase()} source, with user:password@ before the host where it ` +
        'asks for them; write "/", "?", "#", "@" and spaces in these as %2F, %3F, %23, %40 and %20',
    );
  }
  const colon = userInfo.indexOf(':');
  return {
    location: `${scheme.toLowerCase()}://${host}${rest}`,
    user: decoded(colon < 0 ? userInfo : userInfo.slice(0, colon)),
    password: decoded(colon < 0 ? '' : userInfo.slice(colon + 1)),
  };
}

/** Percent-decoded; as it stands when it holds a "%" that encodes nothing. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
