/**
 * The page's questions over HTTP, and where on the server things are. The token is kept for the tab only and taken out
 * of the address, so that a copied link or a screenshot does not give it away.
 */
import type { Codec, View } from '../wire/view.js';

/** What `/api/streams` says of one stream, as far as the page needs it. */
export interface StreamSummary {
  readonly name: string;
}

/** What came of asking for the streams. */
export type StreamsAnswer =
  | { readonly kind: 'streams'; readonly streams: readonly StreamSummary[] }
  | { readonly kind: 'token-needed' }
  | { readonly kind: 'unreachable' };

const TOKEN_KEY = 'limpid.token';
const ANSWER_TIMEOUT_MS = 5000;

/** Moves `?token=` out of the address bar into this tab's storage. */
export function adoptToken(): void {
  const url = new URL(location.href);
  const token = url.searchParams.get('token');
  if (token !== null) {
    storeToken(token);
    url.searchParams.delete('token');
    history.replaceState(null, '', url);
  }
}

/** Keeps a token for this tab. */
export function storeToken(token: string): void {
  sessionStorage.setItem(TOKEN_KEY, token);
}

/** Asks which streams there are. */
export async function listStreams(): Promise<StreamsAnswer> {
  const token = sessionStorage.getItem(TOKEN_KEY);
  try {
    const response = await fetch(new URL('api/streams', document.baseURI), {
      headers: token === null ? {} : { Authorization: `Bearer ${token}` },
      cache: 'no-store',
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
    if (response.status === 401) {
      return { kind: 'token-needed' };
    }
    return response.ok ? { kind: 'streams', streams: summariesOf(await response.json()) } : { kind: 'unreachable' };
  } catch {
    return { kind: 'unreachable' }; // the page says so and asks again
  }
}

/** Where a stream's pictures come from. */
export function streamSocketUrl(name: string, view: View, codec: Codec): URL {
  const url = new URL(`streams/${encodeURIComponent(name)}`, document.baseURI);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  url.searchParams.set('view', view);
  url.searchParams.set('codec', codec);
  // A browser can't set a header on a WebSocket.
  const token = sessionStorage.getItem(TOKEN_KEY);
  if (token !== null) {
    url.searchParams.set('token', token);
  }
  return url;
}

function summariesOf(body: unknown): readonly StreamSummary[] {
  if (typeof body !== 'object' || body === null || !('streams' in body) || !Array.isArray(body.streams)) {
    return [];
  }
  return body.streams.flatMap((stream: unknown) =>
    typeof stream === 'object' && stream !== null && 'name' in stream && typeof stream.name === 'string'
      ? [{ name: stream.name }]
      : [],
  );
}
