/**
 * The sound of the stream that is watched: an <audio> that plays what comes, a little behind it, and the pictures' clock
 * meanwhile.
 *
 *     payload ─▶ SourceBuffer ─▶ <audio>, LEAD behind the newest      a picture of 5.04 s waits until the sound is there
 *
 * The times in the payloads are those of the frames. Sound that falls behind plays a little faster, and jumps where much is
 * missing or waiting: a pause of the source, a page that slept.
 */
import type { SoundMessage } from '../wire/sound-message.js';

/** How far behind the newest sound it plays, s: it comes with the pictures, in bursts. */
const LEAD_S = 0.15;
/** Further behind than this it plays faster by a share that nobody hears, s. */
const FAR_S = 0.25;
const CATCH_UP_RATE = 1.04;
/** Beyond this it jumps, s. */
const TOO_FAR_S = 0.6;
/** Played sound is let go, s. */
const KEEP_S = 10;
/** Longest that a picture waits for its sound, ms. */
const LONGEST_WAIT_MS = 500;
const CHECK_MS = 100;

/** What the sound tells. */
export interface SoundEvents {
  /** Begun, ended, or can't be played. */
  changed(): void;
}

/** One stream's sound, off until it is turned on. */
export class Sound {
  readonly #events: SoundEvents;
  readonly #audio: HTMLAudioElement;
  #player: SoundPlayer | undefined;
  #on = false;
  #refused: string | undefined;

  constructor(audio: HTMLAudioElement, events: SoundEvents) {
    this.#audio = audio;
    this.#events = events;
  }

  /** Whether it is wanted. */
  get on(): boolean {
    return this.#on;
  }

  set on(on: boolean) {
    this.#on = on;
    if (!on) {
      this.stop();
    }
    this.#events.changed();
  }

  /** Why nothing is heard: the kind of sound that this browser doesn't play. */
  get refused(): string | undefined {
    return this.#refused;
  }

  /** A course of sound begins. */
  announce({ name, codec }: { readonly name: string; readonly codec: string | null }): void {
    this.stop();
    const type = `audio/mp4; codecs="${codec}"`;
    if (codec === null || !('MediaSource' in globalThis) || !MediaSource.isTypeSupported(type)) {
      this.#refused = name;
    } else {
      this.#player = new SoundPlayer(this.#audio, type, () => this.stop());
    }
    this.#events.changed();
  }

  take({ payload }: SoundMessage): void {
    this.#player?.append(payload);
  }

  /** How long a picture has to wait for its sound, ms; 0 where there is none. */
  waitMs(ptsNs: bigint): number {
    const waitMs = (this.#player?.untilS(Number(ptsNs) / 1e9) ?? 0) * 1000;
    // What is far from its sound belongs to another time: it is shown as it comes.
    return waitMs > 0 && waitMs <= LONGEST_WAIT_MS ? waitMs : 0;
  }

  /** Plays on where it comes to in the present. */
  resume(): void {
    this.#player?.resume();
  }

  pause(): void {
    this.#player?.pause();
  }

  /** Forgets what it was playing. */
  stop(): void {
    this.#player?.close();
    this.#player = undefined;
    this.#refused = undefined;
  }
}

/** One MediaSource, for one course. */
class SoundPlayer {
  readonly #audio: HTMLAudioElement;
  readonly #source = new MediaSource();
  readonly #url = URL.createObjectURL(this.#source);
  readonly #failed: () => void;
  readonly #timer: ReturnType<typeof setInterval>;
  #queue: Uint8Array<ArrayBuffer>[] = [];
  #buffer: SourceBuffer | undefined;
  #begun = false;
  #paused = false;

  constructor(audio: HTMLAudioElement, type: string, failed: () => void) {
    this.#audio = audio;
    this.#failed = failed;
    audio.onerror = failed;
    this.#source.onsourceopen = () => {
      this.#buffer = this.#source.addSourceBuffer(type);
      this.#buffer.onupdateend = () => this.#feed();
      this.#feed();
    };
    audio.src = this.#url;
    this.#timer = setInterval(() => this.#keepPace(), CHECK_MS);
  }

  append(payload: Uint8Array<ArrayBuffer>): void {
    this.#queue.push(payload);
    this.#feed();
  }

  /** How long until the sound of a time is heard, s; 0 while nothing is. */
  untilS(timeS: number): number {
    const { paused, readyState, currentTime } = this.#audio;
    const playing = this.#begun && !paused && readyState >= HTMLMediaElement.HAVE_FUTURE_DATA;
    return playing ? timeS - currentTime : 0;
  }

  pause(): void {
    this.#paused = true;
    this.#audio.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#begun = false;
    this.#keepPace();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#queue = [];
    this.#audio.onerror = null;
    this.#audio.removeAttribute('src');
    this.#audio.load();
    URL.revokeObjectURL(this.#url);
  }

  /** One thing at a time, as a SourceBuffer demands: appends, then lets go of what was played. */
  #feed(): void {
    const buffer = this.#buffer;
    if (buffer === undefined || buffer.updating || this.#source.readyState !== 'open') {
      return;
    }
    try {
      const next = this.#queue.shift();
      const { buffered } = buffer;
      if (next !== undefined) {
        buffer.appendBuffer(next);
      } else if (buffered.length > 0 && buffered.start(0) < this.#audio.currentTime - 2 * KEEP_S) {
        buffer.remove(0, this.#audio.currentTime - KEEP_S);
      }
      this.#keepPace();
    } catch {
      this.#failed();
    }
  }

  /** Begins once enough is there, and stays LEAD behind the newest. */
  #keepPace(): void {
    const audio = this.#audio;
    const buffered = this.#buffer?.buffered;
    if (buffered === undefined || buffered.length === 0 || this.#paused) {
      return;
    }
    const last = buffered.length - 1;
    const [startS, endS] = [buffered.start(last), buffered.end(last)];
    if (!this.#begun && endS - startS < LEAD_S) {
      return;
    }
    const behindS = endS - audio.currentTime;
    if (!this.#begun || behindS > TOO_FAR_S || behindS < -TOO_FAR_S) {
      audio.currentTime = Math.max(startS, endS - LEAD_S);
      this.#begun = true;
    }
    audio.playbackRate = behindS > FAR_S ? CATCH_UP_RATE : 1;
    if (audio.paused) {
      // It rejects where the page may make no sound before it is touched; turning it on is such a touch.
      audio.play().catch(() => {});
    }
  }
}
