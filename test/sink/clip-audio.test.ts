import { describe, expect, it } from 'vitest';
import { requireCarried } from '../../src/sink/clip-audio.js';

const AAC = 'audio/mpeg, mpegversion=(int)4, framed=(boolean)true, stream-format=(string)adts';
const MP3 = 'audio/mpeg, mpegversion=(int)1, mpegaudioversion=(int)1, layer=(int)3, rate=(int)44100';

describe('audio in a clip', () => {
  it('goes where its container takes it as it is', () => {
    expect(() => requireCarried(AAC, 'mp4')).not.toThrow();
    expect(() => requireCarried(AAC, 'matroska')).not.toThrow();
    expect(() => requireCarried(MP3, 'mp4')).not.toThrow();
    expect(() => requireCarried('audio/x-flac, channels=(int)1', 'matroska')).not.toThrow();
  });

  it.each([
    [
      'audio/x-vorbis, channels=(int)1',
      'mp4',
      "Limpid can't keep Vorbis audio in .mp4 as it is; use .mkv, or --no-audio",
    ],
    [
      'audio/x-raw, format=(string)S16LE',
      'mp4',
      "Limpid can't keep PCM audio in .mp4 as it is; use .mkv, or --no-audio",
    ],
    [
      'audio/x-alac, rate=(int)44100',
      'matroska',
      "Limpid can't keep ALAC audio in .mkv as it is; use .mp4, or --no-audio",
    ],
    [
      'audio/mpeg, mpegversion=(int)1, mpegaudioversion=(int)1, layer=(int)2, rate=(int)44100',
      'mp4',
      "Limpid can't keep MP2 audio in .mp4 as it is; use .mkv, or --no-audio",
    ],
    [
      'audio/x-unknown, codec-id=(string)A_ALAC',
      'matroska',
      "Limpid can't keep ALAC audio in .mkv as it is; use --no-audio",
    ],
    ['audio/AMR, rate=(int)8000', 'matroska', "Limpid can't keep audio/AMR audio in .mkv as it is; use --no-audio"],
  ] as const)('is refused with the container that takes it: %s in %s', (caps, container, message) => {
    expect(() => requireCarried(caps, container)).toThrowError(message);
  });
});
