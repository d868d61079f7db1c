/**
 * Samples as FLAC (RFC 9639) without compression: the one form in which every browser takes plain samples in MP4.
 *
 *     sync, block size and form │ number of the first sample │ block size - 1 │ CRC-8 │ a subframe a channel, verbatim │ CRC-16
 */

/** Fixed properties of a course of samples. */
export interface FlacFormat {
  readonly sampleRate: number;
  /** 1 to 8. */
  readonly channels: number;
}

const BITS = 16;
/** Of a block, as STREAMINFO states them: 16 is the smallest there may be. */
const MIN_BLOCK = 16;
const MAX_BLOCK = 65_535;
/** Numbers of samples have 36 bits. */
const MAX_NUMBER = 2 ** 36;
const STREAMINFO_LAST = 0x80;
/** Subframe: verbatim, no wasted bits. */
const VERBATIM = 0x02;

/** The metadata block STREAMINFO, the only one, with its header. */
export function flacStreamInfo({ sampleRate, channels }: FlacFormat): Buffer {
  const info = Buffer.alloc(4 + 34);
  info[0] = STREAMINFO_LAST;
  info[3] = 34;
  info.writeUInt16BE(MIN_BLOCK, 4);
  info.writeUInt16BE(MAX_BLOCK, 6);
  // 20 bits of rate, 3 of channels, 5 of depth, 36 of an unknown number of samples; the checksum is unknown, too.
  info.writeUInt32BE(sampleRate * 0x1000 + (channels - 1) * 0x200 + (BITS - 1) * 0x10, 14);
  return info;
}

/** One frame of interleaved samples, 16 to 65 535 of each channel; `first` is the number of the first ones. */
export function flacFrame(samples: Int16Array, first: number, { channels }: FlacFormat): Buffer {
  const count = samples.length / channels;
  const number = codedNumber(first % MAX_NUMBER);
  const header = Buffer.from([
    ...[0xff, 0xf9], // sync, block sizes vary
    ...[0x70, ((channels - 1) << 4) | 0x08], // 16 bits of block size follow, rate of STREAMINFO, channels apart, 16 bits a sample
    ...number,
    ...[(count - 1) >> 8, (count - 1) & 0xff],
  ]);
  const body = Buffer.alloc(channels * (1 + 2 * count));
  let at = 0;
  for (let channel = 0; channel < channels; channel += 1) {
    body[at] = VERBATIM;
    at += 1;
    for (let i = channel; i < samples.length; i += channels, at += 2) {
      body.writeInt16BE(samples[i] ?? 0, at);
    }
  }
  const frame = Buffer.concat([header, Buffer.from([crc(header, 8, 0x07)]), body, Buffer.alloc(2)]);
  frame.writeUInt16BE(crc(frame.subarray(0, -2), 16, 0x8005), frame.length - 2);
  return frame;
}

/** A number of up to 36 bits in the manner of UTF-8. */
function codedNumber(value: number): readonly number[] {
  if (value < 0x80) {
    return [value];
  }
  const bytes: number[] = [];
  let rest = value;
  // Six bits a byte; the first holds fewer the more there are.
  while (rest >= 2 ** (6 - bytes.length)) {
    bytes.unshift(0x80 | (rest % 64));
    rest = Math.floor(rest / 64);
  }
  return [((0xff00 >> (bytes.length + 1)) & 0xff) | rest, ...bytes];
}

/** The remainder of a polynomial division, highest bit first, from zero. */
function crc(bytes: Uint8Array, width: 8 | 16, polynomial: number): number {
  const top = 1 << (width - 1);
  const mask = (1 << width) - 1;
  let remainder = 0;
  for (const byte of bytes) {
    remainder ^= byte << (width - 8);
    for (let bit = 0; bit < 8; bit += 1) {
      remainder = (remainder & top) === 0 ? remainder << 1 : (remainder << 1) ^ polynomial;
    }
    remainder &= mask;
  }
  return remainder;
}
