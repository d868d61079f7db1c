/**
 * Sound that waits for the pictures of its time, which take longer.
 *
 *     packets ─▶ │ 5.02 5.04 5.06 5.08 │ ─▶ with the frame at 5.05: 5.02 5.04
 */
import type { AudioPacket, AudioSlice } from '../frame/audio.js';

/** The most that waits; beyond that the oldest is lost. */
export interface AudioDelayLimits {
  /** Default 8 MiB. */
  readonly maxBytes?: number;
  /** Time from the oldest to the newest packet; default 30 s. */
  readonly maxMs?: number;
}

const NS_PER_MS = 1_000_000n;

/** A bounded queue of packets in order of time. */
export class AudioDelay {
  readonly #maxBytes: number;
  readonly #maxNs: bigint;
  readonly #waiting: AudioPacket[] = [];
  #bytes = 0;
  #caps: string | undefined;

  constructor({ maxBytes = 8 << 20, maxMs = 30_000 }: AudioDelayLimits = {}) {
    this.#maxBytes = maxBytes;
    this.#maxNs = BigInt(maxMs) * NS_PER_MS;
  }

  /** Takes a packet, later than the one before it. Returns how many were lost for it. */
  push(packet: AudioPacket): number {
    this.#caps ??= packet.caps;
    this.#waiting.push(packet);
    this.#bytes += packet.data.length;
    let lost = 0;
    for (let oldest = this.#waiting[0]; oldest !== undefined; oldest = this.#waiting[0]) {
      if (this.#bytes <= this.#maxBytes && packet.ptsNs - oldest.ptsNs <= this.#maxNs) {
        break;
      }
      this.#shift();
      lost += 1;
    }
    return lost;
  }

  /** The packets up to a time, of one kind: those of the next kind go with the next frame. undefined before any came. */
  take(upToNs: bigint): AudioSlice | undefined {
    const packets: AudioPacket[] = [];
    for (let next = this.#waiting[0]; next !== undefined && next.ptsNs <= upToNs; next = this.#waiting[0]) {
      if (next.caps !== this.#caps) {
        if (packets.length > 0) {
          break;
        }
        this.#caps = next.caps;
      }
      packets.push(next);
      this.#shift();
    }
    return this.#caps === undefined ? undefined : { caps: this.#caps, packets };
  }

  #shift(): void {
    this.#bytes -= this.#waiting.shift()?.data.length ?? 0;
  }
}
