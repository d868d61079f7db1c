/**
 * The sound of a stream for its viewers: packed once, however many listen, and not at all while nobody does.
 *
 *     stream ─▶ packets between two frames ─▶ moof mdat ─▶ one message for every client
 */
import { defer, filter, map, type Observable, share } from 'rxjs';
import type { AudioSlice, EncodedPacket } from '../frame/audio.js';
import type { LiveStream } from '../frame/live-stream.js';
import { audioCodecName } from '../media/audio-codec.js';
import { encodeSoundHeader } from '../wire/sound-message.js';
import { type Mp4Sample, movieFragment } from './fragmented-mp4.js';
import { type SoundTrack, soundTrackOf } from './sound-mp4.js';

/** A little while of sound. */
export interface SoundPart {
  /** What the parts of one course have in common: clients are told once, and again where another one begins. */
  readonly course: SoundCourse;
  /** For who has the course's beginning. */
  readonly message: Buffer;
  /** The same with the beginning: the initialisation segment. */
  readonly beginning: Buffer;
}

/** Sound of one kind. */
export interface SoundCourse {
  /** "AAC", "A-law". */
  readonly name: string;
  /** As RFC 6381 writes it; null for what browsers don't play: its parts are empty. */
  readonly codec: string | null;
}

const NS_PER_US = 1_000n;
/** How long a packet is taken to be whose source does not say, µs. */
const USUAL_PACKET_US = 20_000;
const MAX_PACKET_US = 1_000_000;
/** Times of packets are rounded on their way; less than this between two is no gap, µs. */
const JITTER_US = 5_000n;

/** The parts of a stream's sound, hot; never any where streams have no sound. */
export function createSoundFeed({ audio$ }: LiveStream): Observable<SoundPart> | undefined {
  return audio$ === undefined
    ? undefined
    : defer(() => {
        const muxer = new SoundMuxer();
        return audio$.pipe(
          map((slice) => muxer.write(slice)),
          filter((part) => part !== undefined),
        );
      }).pipe(share());
}

class SoundMuxer {
  #caps: string | undefined;
  #course: SoundCourse = { name: '', codec: null };
  #track: SoundTrack | undefined;
  #sequence = 0;
  /** Where the last packet ends, µs. */
  #endUs: bigint | undefined;

  write({ caps, packets }: AudioSlice): SoundPart | undefined {
    if (caps !== this.#caps) {
      this.#caps = caps;
      this.#track = soundTrackOf(caps);
      this.#course = { name: audioCodecName(caps), codec: this.#track?.codec ?? null };
    }
    const course = this.#course;
    if (this.#track === undefined) {
      return { course, message: Buffer.alloc(0), beginning: Buffer.alloc(0) };
    }
    const { segment } = this.#track;
    const part = this.#fragment(this.#track, packets);
    return part === undefined
      ? undefined
      : {
          course,
          message: messageOf(part, false, part.fragment),
          beginning: messageOf(part, true, Buffer.concat([segment, part.fragment])),
        };
  }

  /** The packets that hold something; where sound is missing between two of them another fragment begins. */
  #fragment(track: SoundTrack, packets: readonly EncodedPacket[]): Part | undefined {
    const fragments: Buffer[] = [];
    let begin: bigint | undefined;
    let run: Mp4Sample[] = [];
    let runUs = 0n;
    const finish = () => {
      if (run.length > 0) {
        this.#sequence += 1;
        fragments.push(movieFragment({ sequence: this.#sequence, timeUs: runUs, key: true, samples: run }));
        run = [];
      }
    };
    const timed = packets.filter(isTimed);
    for (const [i, packet] of timed.entries()) {
      const sample = track.sampleOf(packet.data);
      if (sample === undefined) {
        continue;
      }
      const timeUs = this.#timeOf(packet.ptsNs / NS_PER_US);
      if (timeUs !== this.#endUs) {
        finish();
      }
      runUs = run.length === 0 ? timeUs : runUs;
      begin ??= timeUs;
      const durationUs = sample.durationUs ?? durationOf(packet, timed[i + 1]);
      run.push({ durationUs, data: [sample.data] });
      this.#endUs = timeUs + BigInt(durationUs);
    }
    finish();
    return begin === undefined || this.#endUs === undefined
      ? undefined
      : {
          ptsNs: begin * NS_PER_US,
          durationMs: Number(this.#endUs - begin) / 1_000,
          fragment: Buffer.concat(fragments),
        };
  }

  /** Right behind the last packet where it was meant to be there. */
  #timeOf(ptsUs: bigint): bigint {
    const endUs = this.#endUs;
    const apart = endUs === undefined ? JITTER_US : ptsUs > endUs ? ptsUs - endUs : endUs - ptsUs;
    return endUs !== undefined && apart < JITTER_US ? endUs : ptsUs;
  }
}

interface Part {
  readonly ptsNs: bigint;
  readonly durationMs: number;
  readonly fragment: Buffer;
}

type TimedPacket = EncodedPacket & { readonly ptsNs: bigint };

/** Stream headers have no time, and what a decoder needs from before the beginning has no place in the file. */
function isTimed(packet: EncodedPacket): packet is TimedPacket {
  return packet.ptsNs !== null && packet.ptsNs >= 0n;
}

function durationOf(packet: TimedPacket, next: TimedPacket | undefined): number {
  const saidNs = packet.durationNs ?? (next === undefined ? null : next.ptsNs - packet.ptsNs);
  const us = saidNs === null ? USUAL_PACKET_US : Number(saidNs / NS_PER_US);
  return us > 0 && us <= MAX_PACKET_US ? us : USUAL_PACKET_US;
}

function messageOf({ ptsNs, durationMs }: Part, begins: boolean, payload: Buffer): Buffer {
  return Buffer.concat([encodeSoundHeader({ begins, ptsNs, durationMs }, payload.length), payload]);
}
