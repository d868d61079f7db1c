/**
 * Which codec the page asks for: what the person chose, else H.264 where it can be decoded, else JPEG.
 */
import type { OfferedCodec } from '../wire/view.js';
import { canDecodeH264 } from './h264-decoder.js';

/** What a person may choose. */
export type CodecPreference = 'auto' | OfferedCodec;

const KEY = 'limpid.codec';

/** The choice of last time. */
export function storedPreference(): CodecPreference {
  const stored = localStorage.getItem(KEY);
  return stored === 'h264' || stored === 'jpeg' ? stored : 'auto';
}

export function storePreference(preference: CodecPreference): void {
  localStorage.setItem(KEY, preference);
}

/** The codec to use. H.264 is never used where it can't be decoded: plain http from another machine has no WebCodecs. */
export async function chooseCodec(preference: CodecPreference): Promise<OfferedCodec> {
  return preference !== 'jpeg' && (await canDecodeH264()) ? 'h264' : 'jpeg';
}
