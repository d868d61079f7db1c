import { describe, expect, it } from 'vitest';
import { audioParser } from '../../src/sink/clip-audio.js';

const AAC = 'audio/mpeg, mpegversion=(int)4, framed=(boolean)true, stream-format=(string)adts';
const MP3 = 'audio/mpeg, mpegversion=(int)1, mpegaudioversion=(int)1, layer=(int)3, rate=(int)44100';

describe('audio in a clip', () => {
  it('goes where its container takes it as it is', () => {
    expect([audioParser(AAC, 'mp4'), audioParser(AAC, 'matroska')]).toEqual(['aacparse', 'aacparse']);
    expect(audioParser(MP3, 'mp4')).toBe('identity');
    expect(audioParser('audio/x-flac, channels=(int)1', 'matroska')).toBe('identity');
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
    ['audio/AMR, rate=(int)8000', 'matroska', "Limpid can't keep audio/AMR audio in .mkv as it is; use --no-audio"],
  ] as const)('is refused with the container that takes it: %s in %s', (caps, container, message) => {
    expect(() => audioParser(caps, container)).toThrowError(message);
  });
});
