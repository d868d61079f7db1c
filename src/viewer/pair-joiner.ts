/**
 * Joins the pictures of two decoders, restored and source, by the number of their frame, so that both sides of the split
 * always show the same one. A frame of which one picture never comes is left out.
 */
import type { FrameHeader } from '../wire/frame-message.js';
import type { DecodedPair } from './drawable.js';

/** Which decoder a picture came from. */
export type PairSide = 'restored' | 'source';

type Halves = { restored?: VideoFrame; source?: VideoFrame };

/** Frames under way, in order. */
export class PairJoiner {
  readonly #onPair: (pair: DecodedPair) => void;
  readonly #frames = new Map<number, { readonly header: FrameHeader; readonly halves: Halves }>();

  constructor(onPair: (pair: DecodedPair) => void) {
    this.#onPair = onPair;
  }

  /** A frame went to its decoders. */
  expect(header: FrameHeader): void {
    this.#frames.set(header.seq, { header, halves: {} });
  }

  /** A decoder gave the picture of frame `seq`; takes it. */
  take(side: PairSide, seq: number, picture: VideoFrame): void {
    const frame = this.#frames.get(seq);
    if (frame === undefined) {
      picture.close();
      return;
    }
    const { header, halves } = frame;
    halves[side]?.close();
    halves[side] = picture;
    const { restored, source } = halves;
    if (restored === undefined || (header.pair && source === undefined)) {
      return;
    }
    // Decoders keep the order: what is older and not whole will never be.
    for (const [older, { halves: left }] of this.#frames) {
      this.#frames.delete(older);
      if (older === seq) {
        break;
      }
      closeHalves(left);
    }
    this.#onPair({ header, restored, source });
  }

  clear(): void {
    for (const { halves } of this.#frames.values()) {
      closeHalves(halves);
    }
    this.#frames.clear();
  }
}

function closeHalves({ restored, source }: Halves): void {
  restored?.close();
  source?.close();
}
