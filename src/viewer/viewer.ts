/**
 * One stream on the page: the line to the server, the decoder, the picture and the time it stands at.
 *
 *     Connection ─▶ Playback (keeps the last seconds) ─▶ decoder ─▶ HeldPictures ─▶ Stage, Loupe, Figures
 *                └▶ Sound, for which pictures wait
 */
import type { HelloMessage, StateMessage } from '../wire/json-message.js';
import type { Codec } from '../wire/view.js';
import { type CodecPreference, chooseCodec, openDecoder } from './codec-choice.js';
import { Connection, type Phase } from './connection.js';
import { closePair, type DecodedPair, type FrameDecoder } from './drawable.js';
import type { Figures } from './figures.js';
import { HeldPictures } from './held-pictures.js';
import { JpegDecoder } from './jpeg-decoder.js';
import { Playback } from './playback.js';
import type { StreamSummary } from './server-api.js';
import { pageTimeMs } from './server-clock.js';
import { Sound } from './sound.js';
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
  readonly sound: Sound;
  readonly #stage: Stage;
  readonly #figures: Figures;
  readonly #events: ViewerEvents;
  readonly #connection: Connection;
  readonly #held: HeldPictures;
  #decoder: FrameDecoder;
  #preference: CodecPreference;
  #codec: Codec = 'jpeg';
  #stream: string | undefined;
  #shownSeq: number | undefined;
  phase: Phase = { kind: 'connecting' };
  hello: HelloMessage | undefined;
  state: StateMessage | undefined;

  constructor(
    stage: Stage,
    figures: Figures,
    audio: HTMLAudioElement,
    preference: CodecPreference,
    events: ViewerEvents,
  ) {
    this.#stage = stage;
    this.#figures = figures;
    this.#events = events;
    this.#preference = preference;
    this.#decoder = new JpegDecoder((pair) => this.#held.push(pair));
    this.sound = new Sound(audio, { changed: () => events.changed(), lost: () => this.#connection.renewSound() });
    this.#held = new HeldPictures(
      ({ header }) => this.sound.waitMs(header.ptsNs),
      (pair) => this.#showLive(pair),
    );
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
          this.#held.clear();
          this.#figures.interrupt();
          return;
        }
        this.#decoder.offer(frame);
      },
      soundAnnounced: (announcement) => this.sound.announce(announcement),
      sound: (message) => this.sound.take(message),
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
    this.#held.clear();
    this.sound.stop();
    // What was said of the stream holds no longer.
    this.phase = { kind: 'connecting' };
    this.hello = undefined;
    this.state = undefined;
    this.#figures.reset();
    this.#events.changed();
  }

  togglePause(): void {
    if (this.playback.paused) {
      this.goLive();
    } else {
      this.#pause();
    }
  }

  /** Back to the present, with its sound. */
  goLive(): void {
    this.playback.goLive();
    this.sound.resume();
  }

  toggleSound(): void {
    this.sound.on = !this.sound.on;
    this.#connection.wantSound(this.sound.on);
  }

  /** Shows a frame of the last seconds, `frames` later or earlier; pauses first. */
  async step(frames: number): Promise<void> {
    this.#pause();
    try {
      await this.playback.step(frames);
    } catch {
      // The frame can't be decoded any more; the picture stays as it is.
    }
  }

  #pause(): void {
    this.playback.pause(this.#shownSeq, this.#codec);
    this.sound.pause();
  }

  #use(codec: Codec): void {
    this.#decoder.close();
    this.#held.clear();
    this.#codec = codec;
    this.#decoder = openDecoder(codec, {
      decoded: (pair) => this.#held.push(pair),
      keyNeeded: () => this.#connection.requestKey(),
      failed: () => {
        this.#use('jpeg');
        this.#connection.watch(this.#stream, 'jpeg');
      },
    });
    this.goLive();
    this.#figures.reset();
    this.#events.changed();
  }

  #onPhase(phase: Phase): void {
    this.phase = phase;
    if (phase.kind !== 'open') {
      this.state = undefined;
      this.#decoder.clear();
      this.#held.clear();
      this.sound.stop();
      this.#figures.interrupt();
    }
    this.#events.changed();
  }

  #showLive(pair: DecodedPair): void {
    if (this.playback.paused) {
      closePair(pair);
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
