import { expect, it } from 'vitest';
import { checkDigest, isDigest } from '../../src/checkpoint/file-digest.js';
import { LimpidError } from '../../src/errors/limpid-error.js';

const sha256 = '9f5f5039'.padEnd(64, '0');

it.each([
  ['the digits of its name', 'EDVR_L_x4_SR_REDS_official-9f5f5039.pth', undefined],
  ['no digits in its name', 'net.pth', undefined],
  ['a date in its name', 'edvr-20200522.pth', undefined],
  ['a word of hexadecimal letters', 'edvr-facade.pth', undefined],
  ['other digits in its name than those given', 'edvr-0570e567.pth', '9f5f50390000'],
])('accepts a file with %s', (_, name, given) => {
  expect(() => checkDigest(sha256, name, given)).not.toThrow();
});

it.each([
  [
    'its name',
    'edvrm_reds_20200522-0570e567.pth',
    undefined,
    `Expected a file of sha256 0570e567…, as its name says, but received ${sha256}; it is damaged, or its name is no digest: then rename it (edvrm_reds_20200522-0570e567.pth)`,
  ],
  [
    'the user',
    'net.pth',
    'ffffffff',
    `Expected a file of sha256 ffffffff… but received ${sha256}; it is another file, or damaged (net.pth)`,
  ],
])('refuses a file of another digest than %s says', (_, name, given, message) => {
  expect(() => checkDigest(sha256, name, given)).toThrow(new LimpidError('ERR_MODEL_CHECKSUM', message));
});

it('knows the beginning of a sha256', () => {
  expect(['9f5f5039', sha256].map(isDigest)).toEqual([true, true]);
  expect(['9f5f503', '9F5F5039', `${sha256}0`, 'zzzzzzzz'].map(isDigest)).toEqual([false, false, false, false]);
});
