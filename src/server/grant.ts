/**
 * What the holder of a token may do: a role, and the streams it is good for.
 *
 *     role      view  control        streams   named  others
 *     view       yes     no          absent     yes    yes
 *     control    yes    yes          [gate]     yes     no
 */
import type { ServerSettings } from './server-settings.js';
import { digestOf } from './token.js';

/** What a request wants: to look, or to change something. */
export type Action = 'view' | 'control';

/** The rights of one caller. */
export interface Grant {
  /** The token's name in the configuration, for the log. */
  readonly name: string;
  readonly role: Action;
  /** The only streams it is good for; absent: all, and what concerns them together. */
  readonly streams?: ReadonlySet<string>;
}

/** A grant and the digest of the token that carries it. */
export interface TokenGrant {
  readonly digest: Buffer;
  readonly grant: Grant;
}

/** Whether a grant covers an action on a stream; without a stream: on the server as a whole. */
export function allows(grant: Grant, action: Action, stream?: string): boolean {
  const inScope = grant.streams === undefined || (stream !== undefined && grant.streams.has(stream));
  return inScope && (action === 'view' || grant.role === 'control');
}

/** The grants of every token of a server, the plain `token` (which may watch everything) first. */
export function tokenGrants({ token, tokens }: ServerSettings): readonly TokenGrant[] {
  const watcher: readonly TokenGrant[] =
    token === undefined ? [] : [{ digest: digestOf(token), grant: { name: 'token', role: 'view' } }];
  const named = tokens.map(({ name, role, streams, sha256, token: plain = '' }): TokenGrant => {
    return {
      digest: sha256 === undefined ? digestOf(plain) : Buffer.from(sha256, 'hex'),
      grant: { name, role, ...(streams === undefined ? {} : { streams: new Set(streams) }) },
    };
  });
  return [...watcher, ...named];
}
