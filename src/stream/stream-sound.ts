/**
 * The sound of one stream: placed packets in, slices beside the frames of each view out.
 */
import { Subject } from 'rxjs';
import type { AudioPacket, AudioSlice } from '../frame/audio.js';
import type { Frame } from '../frame/frame.js';
import type { AudioStatus } from '../frame/live-stream.js';
import { audioCodecName } from '../media/audio-codec.js';
import { AudioDelay } from './audio-delay.js';

/** Which picture of a stream the sound goes with. */
export type SoundView = 'restored' | 'source';

/** The packets that wait, for each view that is wanted. */
export class StreamSound {
  /** After each restored frame the sound up to it, where there is some. */
  readonly audio$ = new Subject<AudioSlice>();
  readonly #delays: ReadonlyMap<SoundView, AudioDelay>;
  #caps: string | undefined;
  #packets = 0;
  #dropped = 0;

  constructor(views: Iterable<SoundView>) {
    this.#delays = new Map([...views].map((view) => [view, new AudioDelay()]));
  }

  /** Takes a packet; null for one that has no place on the stream's clock. */
  push(packet: AudioPacket | null): void {
    this.#packets += 1;
    if (packet === null) {
      this.#dropped += 1;
      return;
    }
    this.#caps = packet.caps;
    for (const [view, delay] of this.#delays) {
      const lost = delay.push(packet);
      this.#dropped += view === 'restored' ? lost : 0;
    }
  }

  /** The sound that goes before a frame; undefined while there was none. */
  upTo(view: SoundView, { ptsNs }: Frame): AudioSlice | undefined {
    return this.#delays.get(view)?.take(ptsNs);
  }

  status(): AudioStatus | undefined {
    return this.#caps === undefined
      ? undefined
      : { codec: audioCodecName(this.#caps), packets: this.#packets, dropped: this.#dropped };
  }
}
