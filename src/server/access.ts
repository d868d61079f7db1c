/**
 * Who may come in: the questions asked of every request before anything else looks at it.
 *
 *     rate ─▶ Host ─▶ token ─▶ role and stream ─▶ Origin (WebSockets, and whatever changes something)
 *     429     421     401, 429   403                403
 */
import type { IncomingMessage } from 'node:http';
import { isIPv4 } from 'node:net';
import { LimpidError } from '../errors/limpid-error.js';
import { AddressLimits } from './address-limits.js';
import { type Action, allows, type Grant, tokenGrants } from './grant.js';
import type { ServerSettings } from './server-settings.js';
import { matchDigest } from './token.js';

/** A refusal: its HTTP status and one sentence. */
export interface Refusal {
  readonly status: number;
  readonly message: string;
}

/** Rights of a person at this machine, where a server on loopback has no tokens. */
const LOCAL: Grant = { name: 'local', role: 'control' };
/** Rights of whoever reaches a server that said `allowUnauthenticated`. */
const ANYONE: Grant = { name: 'anyone', role: 'view' };

/** When one who asked too much may ask again, s: told with every 429. */
export const RETRY_AFTER_SECONDS = 5;

const NO_TOKEN = 'Expected a valid token: Authorization: Bearer <token>, or ?token=<token>';
const NONE_KNOWN =
  'Expected a caller at this machine, since the server knows no token: set server.token or server.tokens, or say ' +
  'server.allowUnauthenticated: true to let others watch';

/** Whether an address to bind to is reachable from this machine only. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase();
  return bare === 'localhost' || bare === '::1' || (isIPv4(bare) && bare.startsWith('127.'));
}

/** Refuses to show video to a whole network by accident. Throws ERR_CONFIG. */
export function assertBindAllowed(settings: ServerSettings): void {
  if (isLoopback(settings.host) || tokenGrants(settings).length > 0 || settings.allowUnauthenticated) {
    return;
  }
  throw new LimpidError(
    'ERR_CONFIG',
    `Expected a token for a server bound to ${settings.host}, since everyone on that network could watch: ` +
      'set server.token or server.tokens, bind to 127.0.0.1, or say server.allowUnauthenticated: true',
  );
}

/** Decides on requests; one per server. */
export class Access {
  readonly #limits: AddressLimits;
  #rules: Rules;

  constructor(settings: ServerSettings) {
    this.#limits = new AddressLimits(limitsOf(settings));
    this.#rules = rulesOf(settings);
  }

  /** Goes by other tokens, names and limits from now on. */
  update(settings: ServerSettings): void {
    this.#limits.update(limitsOf(settings));
    this.#rules = rulesOf(settings);
  }

  /** Refuses an address that asks too often, and a Host header under which this server is not known (a page that rebinds its DNS name to 127.0.0.1). */
  checkCaller(request: IncomingMessage): Refusal | undefined {
    if (!this.#limits.takeRequest(this.addressOf(request))) {
      return { status: 429, message: 'Expected fewer requests: server.maxRequestsPerSecond is exceeded' };
    }
    const { loopback, hosts } = this.#rules;
    const host = hostNameOf(request.headers.host);
    if (!loopback || (host !== undefined && (isLoopback(host) || hosts.has(host)))) {
      return undefined;
    }
    return { status: 421, message: 'Expected the Host header to name this machine (localhost)' };
  }

  /** The rights of a request: those of its token; a refusal without a right one. */
  identify(request: IncomingMessage): Grant | Refusal {
    const { grants } = this.#rules;
    if (grants.length === 0) {
      return this.#withoutTokens(request);
    }
    const token = tokenOf(request);
    if (token === undefined) {
      return { status: 401, message: NO_TOKEN };
    }
    const address = this.addressOf(request);
    if (!this.#limits.mayTryToken(address)) {
      return { status: 429, message: 'Expected fewer wrong tokens: server.maxBadTokensPerMinute is exceeded' };
    }
    const found = matchDigest(token.text, grants);
    if (found === undefined) {
      this.#limits.countBadToken(address);
      return { status: 401, message: NO_TOKEN };
    }
    // An address with a token in it is kept in histories and the logs of proxies: good enough to watch.
    return token.inAddress ? { ...found.grant, role: 'view' } : found.grant;
  }

  /** Whether one who was let in to watch would be let in now. Counts nothing: it is not another try. */
  mayStay(request: IncomingMessage, stream: string): boolean {
    const { grants } = this.#rules;
    const grant =
      grants.length === 0 ? this.#withoutTokens(request) : matchDigest(tokenOf(request)?.text ?? '', grants)?.grant;
    return grant !== undefined && !('status' in grant) && allows(grant, 'view', stream);
  }

  /** Whether a request shows a token, or none is asked for. */
  withToken(request: IncomingMessage): boolean {
    return this.#rules.grants.length === 0 || tokenOf(request) !== undefined;
  }

  /** The rights of a request to a server without tokens. Who comes through a proxy on this machine is not at it. */
  #withoutTokens(request: IncomingMessage): Grant | Refusal {
    const { loopback, proxies, open } = this.#rules;
    const host = hostNameOf(request.headers.host);
    const forwarded =
      'x-forwarded-for' in request.headers && !proxies.has(bareAddress(request.socket.remoteAddress ?? ''));
    if (loopback && isLoopback(this.addressOf(request)) && !forwarded && (host === undefined || isLoopback(host))) {
      return LOCAL;
    }
    return open ? ANYONE : { status: 401, message: NONE_KNOWN };
  }

  /** Refuses what a request's token does not allow. Without `stream`: what concerns the whole server. */
  authorize(request: IncomingMessage, action: Action, stream?: string): Refusal | undefined {
    const grant = this.identify(request);
    if ('status' in grant) {
      return grant;
    }
    if (allows(grant, action, stream)) {
      return action === 'control' ? this.checkOrigin(request) : undefined;
    }
    // The same words whether or not there is such a stream.
    return {
      status: 403,
      message: allows({ ...grant, role: 'control' }, action, stream)
        ? 'Expected a token with the role control, in the Authorization header'
        : 'Expected a token that is good for this; it is for other streams',
    };
  }

  /** Refuses a page of another origin; programs send no Origin and pass. */
  checkOrigin(request: IncomingMessage): Refusal | undefined {
    const origin = request.headers.origin?.toLowerCase();
    if (origin === undefined || this.#rules.origins.has(origin)) {
      return undefined;
    }
    const sameHost = URL.canParse(origin) && new URL(origin).host === request.headers.host?.toLowerCase();
    return sameHost
      ? undefined
      : { status: 403, message: 'Expected a page of this server; other origins go into server.allowedOrigins' };
  }

  /** Where a request comes from: the peer or, behind a proxy that is trusted, the last address that is none. */
  addressOf(request: IncomingMessage): string {
    const peer = bareAddress(request.socket.remoteAddress ?? '');
    const { proxies } = this.#rules;
    if (!proxies.has(peer)) {
      return peer;
    }
    const forwarded = String(request.headers['x-forwarded-for'] ?? '');
    const hops = forwarded.split(',').map((hop) => bareAddress(hop.trim()));
    return hops.reverse().find((hop) => hop !== '' && !proxies.has(hop)) ?? peer;
  }
}

/** The query string of a request, whatever its path looks like. */
export function queryOf(request: IncomingMessage): URLSearchParams {
  const url = request.url ?? '';
  const start = url.indexOf('?');
  return new URLSearchParams(start < 0 ? '' : url.slice(start + 1));
}

interface Rules {
  readonly loopback: boolean;
  readonly hosts: ReadonlySet<string>;
  readonly origins: ReadonlySet<string>;
  readonly proxies: ReadonlySet<string>;
  readonly grants: ReturnType<typeof tokenGrants>;
  /** Whether those without a token may watch where the server knows none. */
  readonly open: boolean;
}

function rulesOf(settings: ServerSettings): Rules {
  const grants = tokenGrants(settings);
  const loopback = isLoopback(settings.host);
  return {
    loopback,
    hosts: new Set(settings.allowedHosts.map((host) => host.toLowerCase())),
    origins: new Set(settings.allowedOrigins.map((origin) => origin.toLowerCase().replace(/\/$/, ''))),
    proxies: new Set(settings.trustedProxies.map(bareAddress)),
    grants,
    open: settings.allowUnauthenticated,
  };
}

function limitsOf({ maxRequestsPerSecond, maxBadTokensPerMinute }: ServerSettings) {
  return { requestsPerSecond: maxRequestsPerSecond, badTokensPerMinute: maxBadTokensPerMinute };
}

function tokenOf(request: IncomingMessage): { readonly text: string; readonly inAddress: boolean } | undefined {
  const bearer = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
  if (bearer !== undefined) {
    return { text: bearer, inAddress: false };
  }
  const text = queryOf(request).get('token');
  return text === null ? undefined : { text, inAddress: true };
}

/** A listener on both families sees IPv4 callers as ::ffff:10.0.0.1. */
function bareAddress(address: string): string {
  return address.toLowerCase().replace(/^::ffff:/, '');
}

/** Host header without its port: "localhost:8080" → "localhost", "[::1]:8080" → "[::1]". */
function hostNameOf(header: string | undefined): string | undefined {
  return header?.toLowerCase().replace(/:\d*$/, '');
}
