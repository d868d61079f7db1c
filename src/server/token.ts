/**
 * Bearer tokens: made at random, kept as digests, compared in constant time.
 *
 * A token is 256 random bits, so a plain SHA-256 is as hard to turn back as a slow digest would be, and costs
 * microseconds a request. That holds for tokens made here; a password of a person's choosing does not belong in `sha256`.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

const TOKEN_BYTES = 32;
/** Tells a person, and scanners of leaked secrets, what the string is. */
const PREFIX = 'lmpd_';

/** A token and what a configuration keeps of it. */
export interface NewToken {
  readonly token: string;
  /** SHA-256 of the token, 64 hexadecimal digits. */
  readonly sha256: string;
}

/** Makes a token. */
export function createToken(): NewToken {
  const token = PREFIX + randomBytes(TOKEN_BYTES).toString('base64url');
  return { token, sha256: digestOf(token).toString('hex') };
}

/** SHA-256 of a token, 32 bytes. */
export function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/**
 * The one of `entries` whose digest is that of `token`. Every entry is compared, each in constant time: how long it takes
 * tells neither how much of a token was right nor whose it was.
 */
export function matchDigest<T extends { readonly digest: Buffer }>(
  token: string,
  entries: readonly T[],
): T | undefined {
  const digest = digestOf(token);
  let found: T | undefined;
  for (const entry of entries) {
    if (timingSafeEqual(digest, entry.digest)) {
      found = entry;
    }
  }
  return found;
}
