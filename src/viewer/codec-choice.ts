/**
 * Which codec the page asks for, and the decoder for it: what the person chose, else H.264 where it can be decoded, else
 * the same in MP4 where that can be played, else JPEG.
 */
import { type Codec, isCodec } from '../wire/view.js';
import type { FrameDecoder, FrameDecoderEvents } from './drawable.js';
import { canPlayFmp4, Fmp4Decoder } from './fmp4-decoder.js';
import { canDecodeH264, H264Decoder } from './h264-decoder.js';
import { JpegDecoder } from './jpeg-decoder.js';

/** What a person may choose. */
export type CodecPreference = 'auto' | Codec;

const KEY = 'limpid.codec';

/** How codecs are called on the page. */
export const CODEC_NAMES: Readonly<Record<Codec, string>> = { h264: 'H.264', fmp4: 'H.264 in MP4', jpeg: 'JPEG' };

/** The choice of last time. */
export function storedPreference(): CodecPreference {
  const stored = localStorage.getItem(KEY);
  return isCodec(stored) ? stored : 'auto';
}

export function storePreference(preference: CodecPreference): void {
  localStorage.setItem(KEY, preference);
}

/**
 * The codec to use. Plain http from another machine has no WebCodecs; there is a network between, so that bandwidth
 * matters, and H.264 comes in MP4. What this browser can't show is never used.
 */
export async function chooseCodec(preference: CodecPreference): Promise<Codec> {
  if (preference === 'jpeg') {
    return 'jpeg';
  }
  if (preference !== 'fmp4' && (await canDecodeH264())) {
    return 'h264';
  }
  return canPlayFmp4() ? 'fmp4' : 'jpeg';
}

/** Opens the decoder of a codec. `maxQueued`: frames waiting in it beyond which it jumps to the next key frame. */
export function openDecoder(codec: Codec, events: FrameDecoderEvents, maxQueued?: number): FrameDecoder {
  switch (codec) {
    case 'h264':
      return new H264Decoder(events, maxQueued);
    case 'fmp4':
      return new Fmp4Decoder(events, maxQueued);
    case 'jpeg':
      return new JpegDecoder((pair) => events.decoded(pair));
  }
}
