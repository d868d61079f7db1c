/**
 * Live or paused. Paused, the page stands still on a frame of the last seconds and steps among them; live, it always shows
 * the newest, so there is nothing that could drift.
 */
import type { FrameMessage } from '../wire/frame-message.js';
import type { Codec } from '../wire/view.js';
import type { DecodedPair } from './drawable.js';
import { decodeAt, FrameHistory, firstShowable } from './frame-history.js';

/** What playback tells. */
export interface PlaybackEvents {
  /** A frame to show: the one stepped to. Takes the pictures. */
  stepped(pair: DecodedPair): void;
  /** Paused, stepped, live again, or more frames passed by meanwhile. */
  changed(): void;
}

interface Pause {
  readonly frames: readonly FrameMessage[];
  readonly codec: Codec;
  index: number;
  missed: number;
}

/** Keeps the last seconds and the place in them. */
export class Playback {
  readonly #events: PlaybackEvents;
  readonly #history = new FrameHistory();
  #pause: Pause | undefined;

  constructor(events: PlaybackEvents) {
    this.#events = events;
  }

  get paused(): boolean {
    return this.#pause !== undefined;
  }

  /** Where in the kept frames the page stands, 1 to `count`, and how many passed since; undefined when live. */
  get position(): { readonly frame: number; readonly count: number; readonly missed: number } | undefined {
    return this.#pause === undefined
      ? undefined
      : {
          frame: this.#pause.index + 1,
          count: this.#pause.frames.length,
          missed: this.#pause.missed,
        };
  }

  /** Keeps a frame; says whether it is to be shown. */
  take(frame: FrameMessage): boolean {
    if (this.#pause !== undefined) {
      this.#pause.missed += 1;
      this.#events.changed();
      return false;
    }
    this.#history.push(frame);
    return true;
  }

  /** Stands still on the frame that is shown. */
  pause(shownSeq: number | undefined, codec: Codec): void {
    const kept = this.#history.frames;
    const frames = kept.slice(Math.max(0, firstShowable(kept)));
    const shown = frames.findIndex(({ seq }) => seq === shownSeq);
    this.#pause ??= { frames, codec, index: shown < 0 ? frames.length - 1 : shown, missed: 0 };
    this.#events.changed();
  }

  /** Shows another kept frame, `frames` later or earlier; nothing while live. */
  async step(frames: number): Promise<void> {
    const pause = this.#pause;
    if (pause === undefined) {
      return;
    }
    const index = Math.min(pause.frames.length - 1, Math.max(0, pause.index + frames));
    if (index === pause.index || index < 0) {
      return;
    }
    pause.index = index;
    this.#events.changed();
    const pair = await decodeAt(pause.frames, index, pause.codec);
    if (this.#pause === pause && pause.index === index) {
      this.#events.stepped(pair);
    } else {
      pair.restored.close();
      pair.source?.close();
    }
  }

  /** Back to the present; nothing is kept of the past. */
  goLive(): void {
    this.#pause = undefined;
    this.#history.clear();
    this.#events.changed();
  }
}
