/**
 * The sound of a stream in fragmented MP4, as browsers play it by Media Source Extensions.
 *
 *     AAC, Opus, MP3                 as the source sent them (MP3 in MP4 not every browser plays)
 *     A-law, µ-law, PCM of 16 bits    as FLAC without compression
 *
 * Limpid decodes no sound: what else there is (AC-3, Vorbis, Speex …) is not heard.
 */
import { audioCodecOf, capsField } from '../media/audio-codec.js';
import { flacFrame, flacStreamInfo } from './flac.js';
import { MP4_TIMESCALE, movieSegment } from './fragmented-mp4.js';
import { expandG711, type G711Law } from './g711.js';
import { box, fullBox, u16, u32 } from './mp4-boxes.js';

/** How one kind of sound is carried. */
export interface SoundTrack {
  /** As RFC 6381 writes it: 'mp4a.40.2', 'opus', 'flac'. */
  readonly codec: string;
  /** `ftyp` and `moov`. */
  readonly segment: Buffer;
  /** A packet of the source as a sample of MP4; undefined where it holds nothing, or too much. */
  sampleOf(packet: Buffer): SoundSample | undefined;
}

/** A sample of MP4. */
export interface SoundSample {
  readonly data: Buffer;
  /** Where it can be told from the packet. */
  readonly durationUs?: number;
}

/** What is alike in every track: how many channels, how many samples a second. */
interface Shape {
  readonly channels: number;
  readonly sampleRate: number;
}

const MAX_CHANNELS = 8;
/** Sample rates are stated as 16.16. */
const MAX_RATE = 65_535;
/** Sound of a second and more in one packet is no sound of a camera. */
const MAX_PACKET_BYTES = 262_144;
/** Opus is always decoded at this, whatever was recorded. */
const OPUS_RATE = 48_000;
/** Object types of MPEG-4 systems (ISO/IEC 14496-1, table 5). */
const OBJECT_AAC = 0x40;
const OBJECT_MP3 = 0x6b;
const STREAM_AUDIO = 0x15;
/** Indices of sampling frequencies up to MAX_RATE (ISO/IEC 14496-3, table 1.18). */
const ADTS_RATES: ReadonlyMap<number, number> = new Map(
  [64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350].map((rate, i) => [
    rate,
    i + 2,
  ]),
);
/** What an Opus decoder drops at the beginning: nobody hears the beginning of a live stream. */
const OPUS_PRE_SKIP = 0;

/** The track for sound of these caps; undefined for what browsers don't play. */
export function soundTrackOf(caps: string): SoundTrack | undefined {
  const codec = audioCodecOf(caps)?.name;
  const usualRate = codec === 'Opus' ? OPUS_RATE : 0;
  const shape = {
    channels: Number(capsField(caps, 'channels') ?? 1),
    sampleRate: Number(capsField(caps, 'rate') ?? usualRate),
  };
  if (!isWithin(shape.channels, MAX_CHANNELS) || !isWithin(shape.sampleRate, MAX_RATE)) {
    return undefined;
  }
  switch (codec) {
    case 'AAC':
      return capsField(caps, 'stream-format') === 'adts'
        ? adts(shape)
        : aac(capsField(caps, 'codec_data') ?? '', shape);
    case 'MP3':
      return asItIs('mp4a.6B', soundEntry('mp4a', shape, esds(OBJECT_MP3, Buffer.alloc(0))));
    case 'Opus':
      // More channels need a mapping, which caps don't say in full.
      return shape.channels > 2 ? undefined : asItIs('opus', soundEntry('Opus', shape, dOps(shape)));
    case 'A-law':
    case 'µ-law':
      return samples(shape, (packet) => expandG711(packet, codec satisfies G711Law));
    case 'PCM':
      return pcm(capsField(caps, 'format'), shape);
    default:
      return undefined;
  }
}

function isWithin(value: number, most: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= most;
}

function asItIs(codec: string, entry: Buffer): SoundTrack {
  const sampleOf = (data: Buffer) => (data.length > 0 && data.length <= MAX_PACKET_BYTES ? { data } : undefined);
  return { codec, segment: movieSegment({ entry }), sampleOf };
}

/** The configuration's first five bits are the object type: 2 is AAC-LC, 5 HE-AAC. */
function aac(codecData: string, shape: Shape): SoundTrack | undefined {
  const config = /^([0-9a-f]{2}){2,64}$/i.test(codecData) ? Buffer.from(codecData, 'hex') : undefined;
  const objectType = (config?.[0] ?? 0) >> 3;
  return config === undefined || objectType === 0 || objectType === 31
    ? undefined
    : asItIs(`mp4a.40.${objectType}`, soundEntry('mp4a', shape, esds(OBJECT_AAC, config)));
}

/** AAC with a header before each packet, as MPEG-TS has it: the decoder's configuration is said by the caps. */
function adts(shape: Shape): SoundTrack | undefined {
  const frequency = ADTS_RATES.get(shape.sampleRate);
  // The configuration of eight channels is the seventh; seven channels have none.
  const channels = shape.channels === 8 ? 7 : shape.channels === 7 ? undefined : shape.channels;
  if (frequency === undefined || channels === undefined) {
    return undefined;
  }
  // Five bits of object type (2, AAC-LC), four of frequency, four of channels.
  const config = Buffer.alloc(2);
  config.writeUInt16BE((2 << 11) | (frequency << 7) | (channels << 3));
  const entry = soundEntry('mp4a', shape, esds(OBJECT_AAC, config));
  return {
    codec: 'mp4a.40.2',
    segment: movieSegment({ entry }),
    sampleOf(packet) {
      const headerBytes = ((packet[1] ?? 0) & 1) === 1 ? 7 : 9;
      return packet.length > headerBytes ? { data: packet.subarray(headerBytes) } : undefined;
    },
  };
}

/** Plain samples: each packet becomes a frame of FLAC. */
function samples(shape: Shape, expand: (packet: Buffer) => Int16Array): SoundTrack {
  let first = 0;
  const dfLa = fullBox('dfLa', 0, 0, [flacStreamInfo(shape)]);
  return {
    codec: 'flac',
    segment: movieSegment({ entry: soundEntry('fLaC', shape, dfLa) }),
    sampleOf(packet) {
      const values = packet.length <= MAX_PACKET_BYTES ? expand(packet) : new Int16Array();
      const whole = values.subarray(0, values.length - (values.length % shape.channels));
      const count = whole.length / shape.channels;
      if (count < 16 || count > 65_535) {
        return undefined;
      }
      const data = flacFrame(whole, first, shape);
      first += count;
      return { data, durationUs: Math.round((count * MP4_TIMESCALE) / shape.sampleRate) };
    },
  };
}

/** Samples as they are: of files the lower byte first, of RTP's L16 the higher. */
function pcm(format: string | undefined, shape: Shape): SoundTrack | undefined {
  const read = { S16LE: 'readInt16LE', S16BE: 'readInt16BE' } as const;
  if (format !== 'S16LE' && format !== 'S16BE') {
    return undefined;
  }
  return samples(shape, (packet) =>
    Int16Array.from({ length: packet.length >> 1 }, (_, i) => packet[read[format]](2 * i)),
  );
}

function soundEntry(type: string, { channels, sampleRate }: Shape, configuration: Buffer): Buffer {
  return box(
    type,
    u16(0, 0, 0, 1), // reserved, then the data reference
    u32(0, 0),
    u16(channels, 16, 0, 0), // bits of a sample
    u32(sampleRate * 0x10000),
    configuration,
  );
}

/** Elementary stream descriptor (ISO/IEC 14496-1, 7.2.6.5), with the decoder's configuration where there is one. */
function esds(objectType: number, config: Buffer): Buffer {
  const specific = config.length === 0 ? Buffer.alloc(0) : descriptor(5, config);
  const decoder = descriptor(4, Buffer.concat([Buffer.from([objectType, STREAM_AUDIO, 0, 0, 0]), u32(0, 0), specific]));
  const synchronisation = descriptor(6, Buffer.from([2]));
  return fullBox('esds', 0, 0, [descriptor(3, Buffer.concat([u16(0), Buffer.from([0]), decoder, synchronisation]))]);
}

/** A tag, a length of seven bits, what is inside. */
function descriptor(tag: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([tag, content.length]), content]);
}

/** Opus in ISO base media files (version 0), 4.3.2. */
function dOps({ channels, sampleRate }: Shape): Buffer {
  return box('dOps', Buffer.from([0, channels]), u16(OPUS_PRE_SKIP), u32(sampleRate), u16(0), Buffer.from([0]));
}
