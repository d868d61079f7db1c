import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { createToken, digestOf, matchDigest } from '../../src/server/token.js';

it('makes tokens of 256 random bits with the digest that is kept of them', () => {
  const made = Array.from({ length: 50 }, createToken);
  expect(new Set(made.map(({ token }) => token)).size).toBe(50);
  for (const { token, sha256 } of made) {
    expect(token).toMatch(/^lmpd_[A-Za-z0-9_-]{43}$/);
    expect(sha256).toBe(createHash('sha256').update(token, 'utf8').digest('hex'));
  }
});

it('finds the entry of a token and none for another', () => {
  const entries = ['first', 'second'].map((name) => ({ name, digest: digestOf(name) }));
  expect(matchDigest('second', entries)?.name).toBe('second');
  expect(matchDigest('secon', entries)).toBeUndefined();
  expect(matchDigest('', [])).toBeUndefined();
});
