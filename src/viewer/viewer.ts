/**
 * One stream on the page: the line to the server, the decoder, the picture and the time it stands at.
 *
 *     Connection ─▶ Playback (keeps the last seconds) ─▶ decoder ─▶ Stage, Loupe, Figures
 */
import type { HelloMessage, StateMessage } from '../wire/json-message.js';
import type { Codec } from '../wire/view.js';
import { type CodecPreference, chooseCodec, openDecoder } from './codec-choice.js';
import { Connection, type Phase } from './connection.js';
import type { DecodedPair, FrameDecoder } from './drawable.js';
import type { Figures } from './figures.js';
import { JpegDecoder } from './jpeg-decoder.js';
import { Playback } from './playback.js';
import type { StreamSummary } from './server-api.js';
import { pageTimeMs } from './server-clock.js';
import type { Stage } from './stage.js';

/** What the viewer tells the page. */
export interface ViewerEvents {
  /** Line, stream, playback or codec changed. */
  changed(): void;
  streams(streams: readonly StreamSummary[], current: string): void;
  /** A picture is on the canvas. */
  shown(pair: DecodedPair): void;
}

/** Watches one stream at a time. */
export class Viewer {
  readonly playback: Playback;
  readonly #stage: Stage;
  readonly #figures: Figures;
  readonly #events: ViewerEvents;
  readonly #connection: Connection;
  #decoder: FrameDecoder;
  #preference: CodecPreference;
  #codec: Codec = 'jpeg';
  #stream: string | undefined;
  #shownSeq: number | undefined;
  phase: Phase = { kind: 'connecting' };
  hello: HelloMessage | undefined;
  state: StateMessage | undefined;

  constructor(stage: Stage, figures: Figures, preference: CodecPreference, events: ViewerEvents) {
    this.#stage = stage;
    this.#figures = figures;
    this.#events = events;
    this.#preference = preference;
    this.#decoder = new JpegDecoder((pair) => this.#showLive(pair));
    this.playback = new Playback({
      stepped: (pair) => this.#show(pair),
      changed: () => events.changed(),
    });
    this.#connection = new Connection('pair', {
      phase: (phase) => this.#onPhase(phase),
      streams: (streams, current) => {
        this.#stream = current;
        events.streams(streams, current);
      },
      codecRefused: () => this.#use('jpeg'),
      hello: (hello) => {
        this.hello = hello;
        events.changed();
      },
      state: (state) => {
        this.state = state;
        events.changed();
      },
      frame: (frame) => {
        this.#figures.received(frame);
        // Nobody sees a hidden page: it decodes nothing, and shows the present as soon as it is seen again.
        if (!this.playback.take(frame) || document.hidden) {
          this.#decoder.clear();
          this.#figures.interrupt();
          return;
        }
        this.#decoder.offer(frame);
      },
    });
  }

  get codec(): Codec {
    return this.#codec;
  }

  get stream(): string {
    return this.#stream ?? 'limpid';
  }

  /** Watches a stream, or the first one there is. */
  async watch(stream?: string): Promise<void> {
    this.#use(await chooseCodec(this.#preference));
    this.#connection.watch(stream, this.#codec);
  }

  /** Travels in another codec from here on. */
  async prefer(preference: CodecPreference): Promise<void> {
    this.#preference = preference;
    await this.watch(this.#stream);
  }

  reconnect(): void {
    this.#connection.reconnect();
  }

  /** Hangs up until `watch`. */
  hangUp(): void {
    this.#connection.close();
    this.#decoder.clear();
    // What was said of the stream holds no longer.
    this.phase = { kind: 'connecting' };
    this.hello = undefined;
    this.state = undefined;
    this.#figures.reset();
    this.#events.changed();
  }

  togglePause(): void {
    if (this.playback.paused) {
      this.playback.goLive();
    } else {
      this.playback.pause(this.#shownSeq, this.#codec);
    }
  }

  /** Shows a frame of the last seconds, `frames` later or earlier; pauses first. */
  async step(frames: number): Promise<void> {
    this.playback.pause(this.#shownSeq, this.#codec);
    try {
      await this.playback.step(frames);
    } catch {
      // The frame can't be decoded any more; the picture stays as it is.
    }
  }

  #use(codec: Codec): void {
    this.#decoder.close();
    this.#codec = codec;
    this.#decoder = openDecoder(codec, {
      decoded: (pair) => this.#showLive(pair),
      keyNeeded: () => this.#connection.requestKey(),
      failed: () => {
        this.#use('jpeg');
        this.#connection.watch(this.#stream, 'jpeg');
      },
    });
    this.playback.goLive();
    this.#figures.reset();
    this.#events.changed();
  }

  #onPhase(phase: Phase): void {
    this.phase = phase;
    if (phase.kind !== 'open') {
      this.state = undefined;
      this.#decoder.clear();
      this.#figures.interrupt();
    }
    this.#events.changed();
  }

  #showLive(pair: DecodedPair): void {
    if (this.playback.paused) {
      pair.restored.close();
      pair.source?.close();
      return;
    }
    this.#show(pair);
    this.#figures.drawn(pair.header, this.#connection.clock.at(pageTimeMs()));
  }

  #show(pair: DecodedPair): void {
    this.#shownSeq = pair.header.seq;
    this.#stage.show(pair);
    this.#events.shown(pair);
  }
}
