/**
 * The audio of a file beside its pictures: a media process of its own that demuxes packets and decodes nothing.
 *
 *     file ─▶ parsebin ─▶ gdppay ──pipe──▶ packets ─▶ next()        paused while enough of them wait
 *
 * A second reader of the file rather than a second pipe of the first: neither can ever wait for the other.
 */
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { LimpidError } from '../errors/limpid-error.js';
import type { EncodedPacket } from '../frame/audio.js';
import { gdpPacketParser } from '../media/gdp-packets.js';
import { fillLaunchText, readLaunchText } from '../media/launch-text.js';
import { type MediaEnd, MediaProcess } from '../media/media-process.js';
import { mp4HasAudio } from '../media/mp4-samples.js';
import { timelineOf } from './file-timeline.js';
import { sourceFailure } from './source-failure.js';

/** Bytes of packets that may wait before the file is read no further. */
const HIGH_WATER_BYTES = 1 << 20;
/** Longest wait for the file to give its next packet, ms. */
const PACKET_TIMEOUT_MS = 30_000;
/**
 * Waits for the first, ms, each of a reader of its own. A file without audio is known by the demuxer's "not linked", which
 * is lost now and then: what an element says while parsebin puts it in place is dropped (GStreamer 1.22), and a demuxer that
 * pulls runs already. Seen in 3 % of very short files.
 */
const FIRST_TIMEOUTS_MS = [2000, 6000, PACKET_TIMEOUT_MS];
/** What a file without audio ends with: nothing of it went into the pipeline. */
const NO_AUDIO = /not-linked|delayed linking failed|no audio/i;

/** A track, read packet by packet. */
export interface AudioTrack {
  /** Caps as GStreamer writes them, codec data included; of a kind that it can't read a track has no packets. */
  readonly caps: string;
  /** The next packet, or null at the end. Rejects with ERR_SOURCE_LOST, ERR_SOURCE_STALLED, ERR_MEDIA_PROCESS, ERR_GDP. */
  next(): Promise<EncodedPacket | null>;
  /** Stops reading. Idempotent. */
  dispose(): void;
}

/** Opens the first audio track of a file; null when it has none. Rejects as {@link AudioTrack.next} does. */
export async function openAudioTrack(path: string): Promise<AudioTrack | null> {
  if (await isSilentMp4(path)) {
    return null;
  }
  for (const [attempt, waitMs] of FIRST_TIMEOUTS_MS.entries()) {
    const track = new FileAudioTrack(path, waitMs);
    try {
      return (await track.opened) ? track : null;
    } catch (error) {
      track.dispose();
      const stalled = error instanceof LimpidError && error.code === 'ERR_SOURCE_STALLED';
      if (!stalled || attempt === FIRST_TIMEOUTS_MS.length - 1) {
        throw error;
      }
    }
  }
  return null;
}

/** Whether the index of an MP4 says that it has no audio: then nothing needs to be started to find out. */
async function isSilentMp4(path: string): Promise<boolean> {
  const file = await open(path).catch(() => null);
  try {
    return file !== null && (await mp4HasAudio(file)) === false;
  } finally {
    await file?.close();
  }
}

class FileAudioTrack implements AudioTrack {
  caps = '';
  /** Whether there is audio; known with the first packet. */
  readonly opened: Promise<boolean>;
  readonly #label: string;
  readonly #process: MediaProcess;
  readonly #waiting: EncodedPacket[] = [];
  #waitingBytes = 0;
  /** Caps of an audio track that GStreamer passes over. */
  #unhandled = '';
  #ended = false;
  #failure: unknown = null;
  #wake: () => void = () => undefined;

  constructor(path: string, firstTimeoutMs: number) {
    this.#label = path;
    const absolute = resolve(path);
    const timeline = timelineOf(absolute);
    const launch = fillLaunchText(readLaunchText('source-file-audio'), { path: absolute });
    this.#process = MediaProcess.start({ launch, onUnhandled: (caps) => this.#passOver(caps) });
    const parser = gdpPacketParser(timeline, {
      caps: (text) => {
        this.caps = text;
      },
      packet: (packet) => this.#take(packet),
    });
    this.#process.media.on('data', (chunk: Buffer) => {
      try {
        parser.push(chunk);
      } catch (error) {
        this.#failure ??= error;
        this.dispose();
      }
    });
    void this.#process.ended.then((end) => this.#onEnd(end));
    this.opened = this.#arrival(firstTimeoutMs).then(() => this.#waiting.length > 0 || this.#onlyUnhandled());
  }

  async next(): Promise<EncodedPacket | null> {
    await this.#arrival(PACKET_TIMEOUT_MS);
    const packet = this.#waiting.shift() ?? null;
    this.#waitingBytes -= packet?.data.length ?? 0;
    if (this.#waitingBytes < HIGH_WATER_BYTES) {
      this.#process.media.resume();
    }
    return packet;
  }

  dispose(): void {
    this.#ended = true;
    this.#process.dispose();
    this.#wake();
  }

  #passOver(caps: string): void {
    if (this.#unhandled === '' && caps.startsWith('audio/')) {
      this.#unhandled = caps;
    }
  }

  /** Takes the track for what its caps say, so that someone can say that it is not kept. */
  #onlyUnhandled(): boolean {
    if (this.caps === '') {
      this.caps = this.#unhandled;
    }
    return this.caps !== '' && this.caps === this.#unhandled;
  }

  #take(packet: EncodedPacket): void {
    // Demuxers and parsers may repeat the stream headers of the caps as packets without time.
    if (packet.ptsNs === null) {
      return;
    }
    this.#waiting.push(packet);
    this.#waitingBytes += packet.data.length;
    if (this.#waitingBytes >= HIGH_WATER_BYTES) {
      this.#process.media.pause();
    }
    this.#wake();
  }

  /** Resolves when a packet waits or none will come. */
  async #arrival(timeoutMs: number): Promise<void> {
    if (this.#waiting.length > 0) {
      return;
    }
    if (this.#failure === null && !this.#ended) {
      await new Promise<void>((wake) => {
        const timer = setTimeout(() => this.#giveUp(timeoutMs), timeoutMs);
        this.#wake = () => {
          clearTimeout(timer);
          wake();
        };
      });
    }
    if (this.#failure !== null) {
      throw this.#failure;
    }
  }

  #giveUp(timeoutMs: number): void {
    this.#failure ??= new LimpidError(
      'ERR_SOURCE_STALLED',
      `The audio of ${this.#label} has not come for ${timeoutMs} ms; try again, or --no-audio`,
    );
    this.dispose();
  }

  #onEnd(end: MediaEnd): void {
    const opened = this.caps !== '';
    if (!this.#ended && end.kind !== 'eos' && (opened || !isSilent(end))) {
      // Before there is audio it is the file that can't be read.
      const label = opened ? `The audio of ${this.#label}` : this.#label;
      this.#failure ??= sourceFailure(end, { label, opened });
    }
    this.#ended = true;
    this.#wake();
  }
}

/** Whether a file ended so because there is no audio in it. */
function isSilent(end: MediaEnd): boolean {
  return end.kind === 'error' && NO_AUDIO.test(`${end.message}\n${end.debug}`);
}
