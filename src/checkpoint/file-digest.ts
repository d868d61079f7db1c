/**
 * Whether a checkpoint is the file its publisher meant: legacy files carry no checksum of their own.
 *
 *     EDVR_L_x4_SR_REDS_official-9f5f5039.pth     publishers put the first digits of the file's sha256 behind the last hyphen
 */
import { LimpidError } from '../errors/limpid-error.js';

/** As many digits as make chance a bad explanation. */
const FEWEST_DIGITS = 8;
const stated = new RegExp(`^[0-9a-f]{${FEWEST_DIGITS},64}$`);

/** Whether a text can be the beginning of a sha256, in lower case. */
export function isDigest(text: string): boolean {
  return stated.test(text);
}

/**
 * Holds a file's sha256 to the digits that the user gave, else to those in its name. Eight decimals at the end of a name
 * are a date more often than a digest, and say nothing. Throws ERR_MODEL_CHECKSUM.
 */
export function checkDigest(sha256: string, fileName: string, given?: string): void {
  const named = /-([0-9a-f]+)\.[a-z]+$/.exec(fileName)?.[1] ?? '';
  const expected = given ?? (isDigest(named) && /[a-f]/.test(named) ? named : '');
  if (sha256.startsWith(expected)) return;
  const [whose, next] =
    given === undefined
      ? [', as its name says,', 'it is damaged, or its name is no digest: then rename it']
      : ['', 'it is another file, or damaged'];
  throw new LimpidError(
    'ERR_MODEL_CHECKSUM',
    `Expected a file of sha256 ${expected}…${whose} but received ${sha256}; ${next} (${fileName})`,
  );
}
