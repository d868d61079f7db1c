/**
 * Who may come in: the questions asked of every request before anything else looks at it.
 *
 *     Host ─▶ token ─▶ Origin (WebSockets)
 *     421      401      403
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isIPv4 } from 'node:net';
import { LimpidError } from '../errors/limpid-error.js';
import type { ServerSettings } from './server-settings.js';

/** A refusal: its HTTP status and one sentence. */
export interface Refusal {
  readonly status: number;
  readonly message: string;
}

/** Decides on requests; one per server. */
export interface Access {
  /** Refuses a Host header under which this server is not known (a page that rebinds its DNS name to 127.0.0.1). */
  checkHost(request: IncomingMessage): Refusal | undefined;
  /** Refuses a request without the right bearer token, where one is set. */
  checkToken(request: IncomingMessage): Refusal | undefined;
  /** Refuses a WebSocket opened by a page of another origin; programs send no Origin and pass. */
  checkOrigin(request: IncomingMessage): Refusal | undefined;
}

/** Whether an address to bind to is reachable from this machine only. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase();
  return bare === 'localhost' || bare === '::1' || (isIPv4(bare) && bare.startsWith('127.'));
}

/** Refuses to show video to a whole network by accident. Throws ERR_CONFIG. */
export function assertBindAllowed(settings: ServerSettings): void {
  if (isLoopback(settings.host) || settings.token !== undefined || settings.allowUnauthenticated) {
    return;
  }
  throw new LimpidError(
    'ERR_CONFIG',
    `Expected a token for a server bound to ${settings.host}, since everyone on that network could watch: ` +
      'set server.token, bind to 127.0.0.1, or say server.allowUnauthenticated: true',
  );
}

/** Builds the checks for one server. */
export function createAccess(settings: ServerSettings): Access {
  const expected = settings.token === undefined ? undefined : digest(settings.token);
  const loopback = isLoopback(settings.host);
  const hosts = new Set(settings.allowedHosts.map((host) => host.toLowerCase()));
  const origins = new Set(settings.allowedOrigins.map((origin) => origin.toLowerCase().replace(/\/$/, '')));
  return {
    checkHost(request) {
      const host = hostNameOf(request.headers.host);
      if (!loopback || (host !== undefined && (isLoopback(host) || hosts.has(host)))) {
        return undefined;
      }
      return { status: 421, message: 'Expected the Host header to name this machine (localhost)' };
    },
    checkToken(request) {
      if (expected === undefined) {
        return undefined;
      }
      const token = tokenOf(request);
      // Digests have one length, so the comparison tells nothing about the token's.
      if (token !== undefined && timingSafeEqual(digest(token), expected)) {
        return undefined;
      }
      return { status: 401, message: 'Expected a valid token: Authorization: Bearer <token>, or ?token=<token>' };
    },
    checkOrigin(request) {
      const origin = request.headers.origin?.toLowerCase();
      if (origin === undefined || origins.has(origin)) {
        return undefined;
      }
      const sameHost = URL.canParse(origin) && new URL(origin).host === request.headers.host?.toLowerCase();
      return sameHost
        ? undefined
        : { status: 403, message: 'Expected a page of this server; other origins go into server.allowedOrigins' };
    },
  };
}

/** The query string of a request, whatever its path looks like. */
export function queryOf(request: IncomingMessage): URLSearchParams {
  const url = request.url ?? '';
  const start = url.indexOf('?');
  return new URLSearchParams(start < 0 ? '' : url.slice(start + 1));
}

function tokenOf(request: IncomingMessage): string | undefined {
  const bearer = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '');
  return bearer?.[1] ?? queryOf(request).get('token') ?? undefined;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Host header without its port: "localhost:8080" → "localhost", "[::1]:8080" → "[::1]". */
function hostNameOf(header: string | undefined): string | undefined {
  return header?.toLowerCase().replace(/:\d*$/, '');
}
