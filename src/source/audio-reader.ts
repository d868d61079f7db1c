/**
 * The sound of a source session: packets from the audio pipe of its media process.
 *
 *     … parsebin ! gdppay ! fdsink ──pipe──▶ packets ─▶ held until the first picture ─▶ onPacket
 *
 * The pipe is always read, so that sound never holds back pictures; trouble here ends the sound and nothing else.
 */
import type { Readable } from 'node:stream';
import { messageOf } from '../errors/limpid-error.js';
import type { AudioPacket } from '../frame/audio.js';
import { gdpPacketParser } from '../media/gdp-packets.js';
import type { Timeline } from '../media/gdp-timeline.js';

/** Sound that may wait for the first picture, bytes: the oldest is lost beyond that. */
const MAX_HELD_BYTES = 4 << 20;

/** Where packets and troubles go. */
export interface AudioObserver {
  readonly onPacket: (packet: AudioPacket) => void;
  /** Told once why there is no more sound. */
  readonly onTrouble: (reason: string) => void;
}

/** Reads one pipe to its end. */
export class AudioReader {
  readonly #observer: AudioObserver;
  readonly #held: AudioPacket[] = [];
  #heldBytes = 0;
  #released = false;
  #caps = '';

  constructor(pipe: Readable, timeline: Timeline, observer: AudioObserver) {
    this.#observer = observer;
    const parser = gdpPacketParser(timeline, {
      caps: (text) => {
        this.#caps = text;
      },
      packet: ({ ptsNs, durationNs, data }) => {
        // Demuxers and parsers may repeat the stream headers of the caps as packets without time.
        if (ptsNs !== null) {
          this.#take({ caps: this.#caps, ptsNs, durationNs, data });
        }
      },
    });
    let spent = false;
    pipe.on('data', (chunk: Buffer) => {
      if (spent) {
        return;
      }
      try {
        parser.push(chunk);
      } catch (error) {
        spent = true;
        observer.onTrouble(messageOf(error));
      }
    });
  }

  /** Whether the source has sound. */
  get heard(): boolean {
    return this.#caps !== '';
  }

  /** The first picture has come: from now on packets pass. */
  release(): void {
    this.#released = true;
    for (const packet of this.#held.splice(0)) {
      this.#observer.onPacket(packet);
    }
  }

  #take(packet: AudioPacket): void {
    if (this.#released) {
      this.#observer.onPacket(packet);
      return;
    }
    this.#held.push(packet);
    this.#heldBytes += packet.data.length;
    while (this.#heldBytes > MAX_HELD_BYTES) {
      this.#heldBytes -= this.#held.shift()?.data.length ?? 0;
    }
  }
}
