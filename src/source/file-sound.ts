/**
 * The sound of a file beside its pictures: read by a process of its own, handed out with the pictures of its time.
 *
 *     file ─▶ AudioTrack ─▶ │ read 2 s ahead │ ─▶ up to half a second after the picture ─▶ onPacket
 *
 * A second reader of the file, for a pipeline with a branch for sound ends only when that has ended too, which it never does
 * in a file without sound. Pictures that are read faster than they play wait for their sound where it is behind.
 */
import { messageOf } from '../errors/limpid-error.js';
import type { AudioPacket } from '../frame/audio.js';
import type { AudioObserver } from './audio-reader.js';
import { type AudioTrack, openAudioTrack } from './audio-track.js';
import { wholeMp4Track } from './mp4-audio-track.js';

/** How far the file is read ahead of the pictures. */
const AHEAD_NS = 2_000_000_000n;
/** How far packets are handed out ahead of them: a sink that begins with the first picture is to know of its sound. */
const LEAD_NS = 500_000_000n;

/** Where packets and troubles go. */
export interface FileSoundObserver extends AudioObserver {
  /** Told when the sound is no longer behind the pictures. */
  readonly onCaughtUp: () => void;
}

/** The sound of one round through a file. */
export class FileSound {
  /** Resolves when it is known whether the file has sound. Never rejects. */
  readonly opened: Promise<void>;
  readonly #observer: FileSoundObserver;
  readonly #waiting: AudioPacket[] = [];
  #track: AudioTrack | null = null;
  #pictureNs: bigint | undefined;
  #newestNs: bigint | undefined;
  #reading = false;
  #over = false;
  #disposed = false;

  /** Opens the first audio track of the file at `path`. */
  constructor(path: string, observer: FileSoundObserver) {
    this.#observer = observer;
    this.opened = this.#open(path).catch((error: unknown) => this.#fail(error));
  }

  /** Whether the file has sound; known once it is opened. */
  get heard(): boolean {
    return this.#track !== null;
  }

  /** Whether the sound up to the last picture is still to come. */
  get behind(): boolean {
    return !this.#over && this.#pictureNs !== undefined && !this.#isAt(this.#pictureNs + LEAD_NS);
  }

  /** A picture has come: its sound is due. */
  reached(ptsNs: bigint): void {
    this.#pictureNs = ptsNs;
    this.#handOut();
    void this.#readAhead().catch((error: unknown) => this.#fail(error));
  }

  /** Stops reading; what waits is lost. Idempotent. */
  dispose(): void {
    this.#disposed = true;
    this.#over = true;
    this.#track?.dispose();
  }

  async #open(path: string): Promise<void> {
    const track = await openAudioTrack(path);
    if (track === null || this.#disposed) {
      track?.dispose();
      this.#over = true;
      return;
    }
    this.#track = await wholeMp4Track(path, track);
    if (this.#disposed) {
      this.#track.dispose();
    }
  }

  async #readAhead(): Promise<void> {
    const track = this.#track;
    if (track === null || this.#reading || this.#over) {
      return;
    }
    this.#reading = true;
    while (!this.#over && !this.#isAt((this.#pictureNs ?? 0n) + AHEAD_NS)) {
      const packet = await track.next();
      if (packet === null) {
        this.#over = true;
        track.dispose();
      } else if (packet.ptsNs !== null) {
        this.#newestNs = packet.ptsNs;
        this.#waiting.push({ ...packet, caps: track.caps, ptsNs: packet.ptsNs });
        this.#handOut();
      }
    }
    this.#reading = false;
    this.#observer.onCaughtUp();
  }

  #isAt(ptsNs: bigint): boolean {
    return this.#newestNs !== undefined && this.#newestNs >= ptsNs;
  }

  #handOut(): void {
    if (this.#disposed || this.#pictureNs === undefined) {
      return;
    }
    const untilNs = this.#pictureNs + LEAD_NS;
    for (let next = this.#waiting[0]; next !== undefined && next.ptsNs <= untilNs; next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#observer.onPacket(next);
    }
  }

  #fail(error: unknown): void {
    if (!this.#disposed) {
      this.#over = true;
      this.#track?.dispose();
      this.#observer.onTrouble(messageOf(error));
      this.#observer.onCaughtUp();
    }
  }
}
