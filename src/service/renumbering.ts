/**
 * Lets seq, session and PTS of a stream that is opened anew go on where they were, and its last frame be shown again.
 */
import type { AudioSlice } from '../frame/audio.js';
import type { Frame, RestoredFrame } from '../frame/frame.js';

const NS_PER_MS = 1_000_000;
/** From a repeated frame to the next one, where the clocks disagree, ns. */
const LEAST_STEP_NS = 1_000_000n;

/** The numbers of one stream. Holds the leases of its last frame. */
export class Renumbering {
  #seq = 0;
  #session = 0;
  #ptsNs = 0n;
  #last: RestoredFrame | undefined;
  /** When the last frame was captured or repeated, Unix ms. */
  #lastMs = 0;
  #first = true;

  /** The next frame is the first of a stream that counts from zero. */
  startOver(): void {
    this.#first = true;
  }

  place(restored: RestoredFrame): RestoredFrame {
    const { frame } = restored;
    const last = this.#last?.frame;
    if (last !== undefined) {
      if (this.#first) {
        const lostMs = Math.max(1, frame.captureTimeMs - this.#lastMs);
        this.#seq = last.seq + 1 - frame.seq;
        this.#session = last.session + 1 - frame.session;
        this.#ptsNs = last.ptsNs + nsOf(lostMs) - frame.ptsNs;
      } else if (frame.ptsNs + this.#ptsNs <= last.ptsNs) {
        // Repeated frames were given the time of the clock on the wall.
        this.#ptsNs = last.ptsNs + LEAST_STEP_NS - frame.ptsNs;
      }
    }
    this.#first = false;
    return this.#keep(this.#shifted(restored), frame.captureTimeMs);
  }

  /** Sound that comes after the frame it belongs to. */
  shift({ caps, packets }: AudioSlice): AudioSlice {
    const later = (ptsNs: bigint | null) => (ptsNs === null ? null : ptsNs + this.#ptsNs);
    return { caps, packets: packets.map((packet) => ({ ...packet, ptsNs: later(packet.ptsNs) })) };
  }

  /** The last frame once more, under the next seq and as much later as time has gone by; none before the first frame. */
  again(nowMs: number): RestoredFrame | undefined {
    const last = this.#last;
    if (last === undefined) {
      return undefined;
    }
    const laterNs = nsOf(Math.max(1, nowMs - this.#lastMs));
    const later = (frame: Frame): Frame => ({
      ...frame,
      seq: frame.seq + 1,
      ptsNs: frame.ptsNs + laterNs,
      discontinuity: false,
    });
    this.#seq += 1;
    return this.#keep({ ...last, frame: later(last.frame), source: later(last.source), repeated: true }, nowMs);
  }

  /** Gives the last frame's buffers back. */
  dispose(): void {
    this.#release();
    this.#last = undefined;
  }

  #keep(restored: RestoredFrame, atMs: number): RestoredFrame {
    restored.frame.lease?.retain();
    restored.source.lease?.retain();
    this.#release();
    this.#last = restored;
    this.#lastMs = atMs;
    return restored;
  }

  #release(): void {
    this.#last?.frame.lease?.release();
    this.#last?.source.lease?.release();
  }

  #shifted(restored: RestoredFrame): RestoredFrame {
    if (this.#seq === 0 && this.#session === 0 && this.#ptsNs === 0n) {
      return restored;
    }
    const shift = (frame: Frame): Frame => ({
      ...frame,
      seq: frame.seq + this.#seq,
      session: frame.session + this.#session,
      ptsNs: frame.ptsNs + this.#ptsNs,
    });
    return { ...restored, frame: shift(restored.frame), source: shift(restored.source) };
  }
}

function nsOf(ms: number): bigint {
  return BigInt(Math.round(ms * NS_PER_MS));
}
