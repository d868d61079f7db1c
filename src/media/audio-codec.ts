/**
 * Kinds of encoded audio by their caps.
 */

/** A kind of audio. */
export interface AudioCodec {
  /** As people write it. */
  readonly name: AudioCodecName;
  /** The element that checks and, where containers differ, changes its framing. */
  readonly parser: 'aacparse' | 'identity';
}

const CAPS = {
  AAC: /^audio\/mpeg,.*mpegversion=\(int\)[24]\b/,
  MP3: /^audio\/mpeg,.*layer=\(int\)3\b/,
  MP2: /^audio\/mpeg,.*mpegversion=\(int\)1\b/,
  Opus: /^audio\/x-opus\b/,
  'AC-3': /^audio\/x-ac3\b/,
  ALAC: /^audio\/x-alac\b/,
  'E-AC-3': /^audio\/x-eac3\b/,
  Vorbis: /^audio\/x-vorbis\b/,
  FLAC: /^audio\/x-flac\b/,
  DTS: /^audio\/x-dts\b/,
  PCM: /^audio\/x-raw\b/,
  Speex: /^audio\/x-speex\b/,
  'A-law': /^audio\/x-alaw\b/,
  'µ-law': /^audio\/x-mulaw\b/,
} as const;

export type AudioCodecName = keyof typeof CAPS;

/** The codec of caps as GStreamer writes them; null when it is none of those known here. */
export function audioCodecOf(caps: string): AudioCodec | null {
  for (const [name, pattern] of Object.entries(CAPS) as [AudioCodecName, RegExp][]) {
    if (pattern.test(caps)) {
      return { name, parser: name === 'AAC' ? 'aacparse' : 'identity' };
    }
  }
  return null;
}

/**
 * What to call the codec of caps: "AAC", "TTA1" for one that a demuxer knows by name only, or "audio/x-siren" for one that is
 * not known here.
 */
export function audioCodecName(caps: string): string {
  // Matroska's names of audio codecs begin so.
  const byDemuxer = capsField(caps, 'codec-id')?.replace(/^A_/, '');
  return audioCodecOf(caps)?.name ?? byDemuxer ?? caps.replace(/,.*$/s, '');
}

/** A field of caps as GStreamer writes them, without its type: capsField("audio/x-alaw, rate=(int)8000", "rate") is "8000". */
export function capsField(caps: string, name: string): string | undefined {
  return new RegExp(`[,;]\\s*${name}=\\(\\w+\\)\\s*(<[^>]*>|"[^"]*"|[^,;\\s]+)`).exec(caps)?.[1];
}
