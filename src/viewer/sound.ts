/**
 * The sound of the stream that is watched: an <audio> that plays what comes, a little behind it, and the pictures' clock
 * meanwhile.
 *
 *     payload ─▶ SourceBuffer ─▶ <audio>, a little behind the newest      a picture of 5.04 s waits until the sound is there
 *
 * The times in the payloads are those of the frames. Sound that falls behind plays a little faster, and jumps where much is
 * missing or waiting: a pause of the source, a page that slept.
 */
import type { SoundMessage } from '../wire/sound-message.js';

/** How far behind the newest sound it plays, s: this, and more than a burst, for it comes with the pictures. */
const LEAD_S = 0.1;
const LEAD_BURSTS = 1.25;
/** So many bursts, of which the longest counts, are remembered. */
const BURSTS = 8;
/** Further behind than that by this it plays faster by a share that nobody hears, s. */
const FAR_S = 0.1;
const CATCH_UP_RATE = 1.04;
/** And by this it jumps, s; no picture waits that much longer for its sound. */
const TOO_FAR_S = 0.45;
/** Played sound is let go, s. */
const KEEP_S = 10;
const CHECK_MS = 100;
/** Sound that waits for a browser which does not take it: then it is asked for anew, bytes. */
const MAX_QUEUE_BYTES = 4 * 1024 * 1024;
/** After a failure sound is asked for anew, later and later, ms. */
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;

/** What the sound tells. */
export interface SoundEvents {
  /** Begun, ended, or can't be played. */
  changed(): void;
  /** The player failed: its course must be sent again from a beginning. */
  lost(): void;
}

/** One stream's sound, off until it is turned on. */
export class Sound {
  readonly #events: SoundEvents;
  readonly #audio: HTMLAudioElement;
  #player: SoundPlayer | undefined;
  #on = false;
  #paused = false;
  #refused: string | undefined;
  #failures = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #tap: MediaStreamAudioDestinationNode | undefined;

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
    this.#failures = 0;
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
    if (!this.#on) {
      return; // said before the server heard that it is not wanted any more
    }
    const type = `audio/mp4; codecs="${codec}"`;
    if (codec === null || !('MediaSource' in globalThis) || !MediaSource.isTypeSupported(type)) {
      this.#refused = name;
    } else {
      this.#player = new SoundPlayer(this.#audio, type, this.#paused, () => this.#fail());
    }
    this.#events.changed();
  }

  take(message: SoundMessage): void {
    this.#player?.take(message);
  }

  /** How long a picture has to wait for its sound, ms; 0 where there is none. */
  waitMs(ptsNs: bigint): number {
    return (this.#player?.untilS(Number(ptsNs) / 1e9) ?? 0) * 1000;
  }

  /**
   * What is heard, to be recorded: a track that outlives every reconnect, silent in between; undefined while sound is off.
   * From the first call on it is heard by way of the page's mixer.
   */
  track(): MediaStreamTrack | undefined {
    if (!this.#on) {
      return undefined;
    }
    this.#tap ??= tapOf(this.#audio);
    return this.#tap.stream.getAudioTracks()[0];
  }

  /** Plays on in the present. */
  resume(): void {
    this.#paused = false;
    this.#player?.resume();
  }

  pause(): void {
    this.#paused = true;
    this.#player?.pause();
  }

  /** Forgets what it was playing. */
  stop(): void {
    clearTimeout(this.#retry);
    this.#player?.close();
    this.#player = undefined;
    this.#refused = undefined;
  }

  #fail(): void {
    this.stop();
    const delayMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures);
    this.#failures += 1;
    this.#retry = setTimeout(() => this.#events.lost(), delayMs);
    this.#events.changed();
  }
}

/** Has an <audio> heard through a mixer that gives a stream as well; an element can be led there once only. */
function tapOf(audio: HTMLAudioElement): MediaStreamAudioDestinationNode {
  const context = new AudioContext({ latencyHint: 'interactive' });
  const heard = context.createMediaElementSource(audio);
  const tap = context.createMediaStreamDestination();
  heard.connect(context.destination);
  heard.connect(tap);
  return tap;
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
  #paused: boolean;
  /** Lengths of the last bursts, s. */
  #bursts: number[] = [];

  constructor(audio: HTMLAudioElement, type: string, paused: boolean, failed: () => void) {
    this.#audio = audio;
    this.#paused = paused;
    this.#failed = failed;
    audio.onerror = failed;
    this.#source.onsourceopen = () => {
      try {
        this.#buffer = this.#source.addSourceBuffer(type);
        this.#buffer.onupdateend = () => this.#feed();
        this.#feed();
      } catch {
        failed();
      }
    };
    audio.src = this.#url;
    this.#timer = setInterval(() => this.#keepPace(), CHECK_MS);
  }

  take({ begins, durationMs, payload }: SoundMessage): void {
    if (this.#paused && !begins) {
      return; // Never heard: it goes on in the present.
    }
    this.#bursts = [...this.#bursts.slice(1 - BURSTS), durationMs / 1000];
    this.#queue.push(payload);
    if (this.#queue.reduce((sum, { byteLength }) => sum + byteLength, 0) > MAX_QUEUE_BYTES) {
      this.#failed();
      return;
    }
    this.#feed();
  }

  /**
   * How long until the sound of a time is heard, s; 0 while nothing is, and for what is far from it: that belongs to another
   * time, and is shown as it comes.
   */
  untilS(timeS: number): number {
    const { paused, readyState, currentTime } = this.#audio;
    const playing = this.#begun && !paused && readyState >= HTMLMediaElement.HAVE_FUTURE_DATA;
    const untilS = timeS - currentTime;
    return playing && untilS > 0 && untilS < this.#leadS + TOO_FAR_S ? untilS : 0;
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
    this.#source.onsourceopen = null;
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

  get #leadS(): number {
    return LEAD_S + LEAD_BURSTS * Math.max(0, ...this.#bursts);
  }

  /** Begins once enough is there, and stays so far behind the newest. */
  #keepPace(): void {
    const audio = this.#audio;
    const buffered = this.#buffer?.buffered;
    if (buffered === undefined || buffered.length === 0 || this.#paused) {
      return;
    }
    const last = buffered.length - 1;
    const [startS, endS] = [buffered.start(last), buffered.end(last)];
    const leadS = this.#leadS;
    if (!this.#begun && endS - startS < leadS) {
      return;
    }
    const behindS = endS - audio.currentTime;
    if (!this.#begun || behindS > leadS + TOO_FAR_S || behindS < -TOO_FAR_S) {
      audio.currentTime = Math.max(startS, endS - leadS);
      this.#begun = true;
    }
    audio.playbackRate = behindS > leadS + FAR_S ? CATCH_UP_RATE : 1;
    if (audio.paused) {
      // It rejects where the page may make no sound before it is touched; turning it on is such a touch.
      audio.play().catch(() => {});
    }
  }
}
