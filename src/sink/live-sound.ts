/**
 * The sound of a sink whose outputs follow each other: files of a recording, connections of a push.
 *
 *     output 1   picture ▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪   output 2   begun anew when the sound has come, or come back
 *                sound      ▪▪▪▪▪ ended                 at most once a minute for its sake
 *
 * A muxer waits for each of its streams. Sound that stays away while pictures go on is therefore ended in its output, which
 * goes on without.
 */
import type { AudioSlice, EncodedPacket } from '../frame/audio.js';
import type { Frame } from '../frame/frame.js';
import { audioCodecName } from '../media/audio-codec.js';
import { type AudioCarrier, audioSinkText, carriedCodecs, isCarried } from './audio-carriage.js';
import type { MediaOutput } from './media-output.js';

/** How a sink wants its sound. */
export interface LiveSoundPlan {
  /** What to call the sink in a sentence. */
  readonly label: string;
  readonly carrier: AudioCarrier;
  /** Pictures that may go on without sound before it counts as lost, ms. */
  readonly patienceMs: number;
  /** Told once for each codec that can't be carried. */
  readonly warn: (sentence: string) => void;
}

/** What an output is opened with to carry sound; nothing where there is none. */
export interface SoundOpening {
  readonly audioCaps?: string;
  /** Comes behind the text of the pictures. */
  readonly launch: string;
}

const NS_PER_MS = 1_000_000n;
/** Time between two outputs that begin for the sound's sake. */
const RENEWAL_NS = 60_000n * NS_PER_MS;
const SILENT: SoundOpening = { launch: '' };

/** Keeps the sound of one sink's outputs beside their pictures. */
export class LiveSound {
  readonly #plan: LiveSoundPlan;
  readonly #patienceNs: bigint;
  readonly #refused = new Set<string>();
  /** The output that has sound, and up to where. */
  #track: { readonly output: MediaOutput; untilNs: bigint } | undefined;
  #renewedNs: bigint | undefined;

  constructor(plan: LiveSoundPlan) {
    this.#plan = plan;
    this.#patienceNs = BigInt(plan.patienceMs) * NS_PER_MS;
  }

  /** For an output that begins with the frame this sound came with. */
  opening(audio: AudioSlice | undefined): SoundOpening {
    if (audio === undefined || !this.#carries(audio.caps)) {
      return SILENT;
    }
    return { audioCaps: audio.caps, launch: audioSinkText(audio.caps, this.#plan.carrier) };
  }

  /** Whether a running output should be followed by one that takes this sound. */
  wantsRenewal(output: MediaOutput, frame: Frame, audio: AudioSlice | undefined): boolean {
    if (audio === undefined || audio.packets.length === 0 || !this.#carries(audio.caps)) {
      return false;
    }
    const taken = audio.caps === output.audioCaps && this.#track?.output === output;
    const due = this.#renewedNs === undefined || frame.ptsNs - this.#renewedNs >= RENEWAL_NS;
    if (taken || !due) {
      return false;
    }
    this.#renewedNs = frame.ptsNs;
    return true;
  }

  /** A new output is open: its sound goes on from its first frame. */
  begin(output: MediaOutput, first: Frame): void {
    this.#track = output.audioCaps === null ? undefined : { output, untilNs: first.ptsNs };
  }

  /** Hands an output the sound before a frame. */
  write(output: MediaOutput, frame: Frame, audio: AudioSlice | undefined): void {
    const track = this.#track;
    if (track?.output !== output) {
      return;
    }
    if (frame.discontinuity && frame.ptsNs > track.untilNs) {
      track.untilNs = frame.ptsNs;
    }
    for (const packet of audio?.caps === output.audioCaps ? (audio?.packets ?? []) : []) {
      if (beginsIn(packet, output)) {
        output.writeAudio(packet);
        track.untilNs = (packet.ptsNs ?? 0n) + (packet.durationNs ?? 0n);
      }
    }
    if (frame.ptsNs - track.untilNs > this.#patienceNs) {
      output.endAudio();
      this.#track = undefined;
    }
  }

  #carries(caps: string): boolean {
    const { label, carrier, warn } = this.#plan;
    if (isCarried(caps, carrier)) {
      return true;
    }
    const codec = audioCodecName(caps);
    if (!this.#refused.has(codec)) {
      this.#refused.add(codec);
      warn(`The ${label} has no sound: ${codec} can't go there as it is, but ${carriedCodecs(carrier)} can`);
    }
    return false;
  }
}

/** Sound from before the first picture would all lie at the beginning. */
function beginsIn({ ptsNs }: EncodedPacket, { originNs }: MediaOutput): boolean {
  return ptsNs !== null && ptsNs >= originNs;
}
