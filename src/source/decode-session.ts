/**
 * One session of a source: a media process that decodes, its pictures as an Observable.
 *
 *     GStreamer … gdppay ! fdsink ──pipe──▶ GdpReader ─▶ observer
 *                                   ▲ paused by the gate (files) · watched for stalls
 *               … gdppay ! fdsink ──pipe──▶ AudioReader ─▶ onAudio      where the sound is wanted
 *                                     file ──▶ FileSound ───▶ onAudio      or, for that of a file
 */
import { Observable, type Subscriber } from 'rxjs';
import { LimpidError, messageOf } from '../errors/limpid-error.js';
import type { DecodedFrame } from '../frame/frame.js';
import type { Gate } from '../frame/gate.js';
import { type GdpPicture, GdpReader } from '../media/gdp-reader.js';
import type { Timeline } from '../media/gdp-timeline.js';
import { type MediaEnd, MediaProcess } from '../media/media-process.js';
import { Watchdog } from '../media/watchdog.js';
import { type AudioObserver, AudioReader } from './audio-reader.js';
import { FileSound } from './file-sound.js';
import { remarkOn } from './picture-remarks.js';
import { PictureTimes } from './picture-times.js';
import type { SessionContext } from './source.js';
import { NoPictureError, sourceFailure } from './source-failure.js';
import type { ResolvedSourceOptions } from './source-options.js';

/** What a session is made of. */
export interface SessionPlan {
  /** The source without its secrets. */
  readonly label: string;
  /** The pipeline, filled. */
  readonly launch: string;
  /** Whether the pipeline gives sound on the audio pipe, where the source has some. */
  readonly audio: boolean;
  /** The file whose sound is read beside its pictures; absent where there is none or it is not wanted. */
  readonly audioFile?: string;
  /** Added to the environment of the media process. */
  readonly environment: Readonly<Record<string, string>>;
  /** Told what a person should know about the pictures. */
  readonly warn: (sentence: string) => void;
  /** Play again from the beginning at the end of the stream, for ever. */
  readonly loop: boolean;
  /** An end of stream is a loss, not an end: cameras don't finish. */
  readonly endless: boolean;
  /** Whether a closed gate stops the reading. */
  readonly gated: boolean;
  /** What times are counted from. */
  readonly timeline: Timeline;
  /** Told when the session is over, and when its processes are gone. */
  readonly onStop: (gone: Promise<unknown>) => void;
  readonly options: ResolvedSourceOptions;
}

/** How long sound may go on after the last picture, ms: what a demuxer still holds of it. */
const AUDIO_TAIL_MS = 1_000;

/** A cold session. Subscribing starts the process; unsubscribing stops it, killing it after `stopTimeoutMs`. */
export function decodeSession$(plan: SessionPlan, context: SessionContext = {}): Observable<DecodedFrame> {
  return new Observable((subscriber) => {
    const session = new DecodeSession(plan, context, subscriber);
    return () => session.stop();
  });
}

/** Once through the stream: a file that loops has many. */
interface Round {
  readonly process: MediaProcess;
  /** The sound of a file. */
  readonly sound: FileSound | undefined;
}

/** The running state behind one subscription. */
class DecodeSession {
  readonly #plan: SessionPlan;
  readonly #context: SessionContext;
  readonly #gate: Gate | undefined;
  readonly #subscriber: Subscriber<DecodedFrame>;
  readonly #watchdog: Watchdog;
  readonly #leaveGate: () => void;
  #current: Round;
  /** The next round of a looped file, ready to play: a round follows the other without a pause. */
  #standby: Round | undefined;
  #opened = false;
  /** The file was found to have no sound. */
  #silent = false;
  /** Runs from the last picture of a round to the end of its sound. */
  #tail: NodeJS.Timeout | undefined;

  constructor(plan: SessionPlan, context: SessionContext, subscriber: Subscriber<DecodedFrame>) {
    this.#plan = plan;
    this.#context = context;
    this.#gate = plan.gated ? context.gate : undefined;
    this.#subscriber = subscriber;
    this.#watchdog = new Watchdog(() => subscriber.error(this.#silence()));
    this.#current = this.#start(false);
    this.#watchdog.start(plan.options.openTimeoutMs);
    this.#leaveGate = this.#gate?.onChange(() => this.#holdOrRead()) ?? (() => undefined);
    this.#read(this.#current);
    void this.#play(this.#current);
  }

  stop(): void {
    this.#watchdog.stop();
    clearTimeout(this.#tail);
    this.#leaveGate();
    this.#standby?.process.dispose();
    this.#standby?.sound?.dispose();
    this.#current.sound?.dispose();
    const stopped = this.#current.process.stop(this.#plan.options.stopTimeoutMs);
    this.#plan.onStop(Promise.all([stopped, this.#standby?.process.ended]));
  }

  /** Pictures are held until their sound is open too. Throws ERR_SOURCE_OPEN where no process can be started. */
  #start(held: boolean): Round {
    const { audioFile, label } = this.#plan;
    const sound =
      audioFile === undefined || this.#silent
        ? undefined
        : new FileSound(audioFile, { ...this.#listener(), onCaughtUp: () => this.#holdOrRead() });
    try {
      return { process: this.#startProcess(held, held || sound !== undefined), sound };
    } catch (cause) {
      sound?.dispose();
      // It says nothing about the source: that is to be tried again, and its sound as well.
      throw new LimpidError('ERR_SOURCE_OPEN', `${label} can't be opened: ${messageOf(cause)}`, { cause });
    }
  }

  #startProcess(standby: boolean, held: boolean): MediaProcess {
    const { launch, environment, audio, label, warn, options } = this.#plan;
    const { onDuration, onDecoded } = this.#context;
    return MediaProcess.start({
      launch,
      environment,
      held,
      audio,
      ...(onDuration === undefined || standby ? {} : { onDuration }),
      onDecoded: options.timeDecoder ? onDecoded : undefined,
      onSoundless: (message) => warn(soundlessSentence(label, message)),
    });
  }

  async #play({ process, sound }: Round): Promise<void> {
    await sound?.opened;
    this.#silent = sound?.heard === false;
    process.play();
  }

  #read({ process, sound: fileSound }: Round): void {
    const { options, timeline, label, warn } = this.#plan;
    const times = new PictureTimes();
    const sound = process.audio && new AudioReader(process.audio, timeline, this.#listener());
    let first = true;
    let over = false;
    const onPicture = (picture: GdpPicture): void => {
      if (!this.#opened) {
        this.#opened = true;
        this.#watchdog.start(options.stallTimeoutMs);
        remarkOn(picture, label, warn);
      }
      const { width, height, data, pixelAspect } = picture;
      const aspect = pixelAspect === undefined ? {} : { pixelAspect };
      const ptsNs = times.of(picture);
      this.#subscriber.next({ width, height, format: 'rgb8', data, ...aspect, ptsNs, captureTimeMs: Date.now() });
      if (first) {
        first = false;
        sound?.release();
      }
      if (fileSound !== undefined) {
        fileSound.reached(ptsNs);
        this.#holdOrRead();
      }
    };
    const onLastPicture = (): void => {
      over = true;
      if (sound !== null) {
        // The pipeline waits for the end of a sound that may never have begun.
        const stop = () => void process.stop(options.stopTimeoutMs);
        this.#tail = setTimeout(stop, sound.heard ? AUDIO_TAIL_MS : 0);
      }
    };
    const reader = new GdpReader({ maxFrameBytes: options.maxFrameBytes, timeline }, onPicture, onLastPicture);
    process.media.on('data', (chunk: Buffer) => {
      if (this.#subscriber.closed) {
        return;
      }
      try {
        const ofPicture = reader.push(chunk);
        if (this.#opened) {
          if (ofPicture) {
            this.#watchdog.refresh();
          }
          this.#standby ??= this.#plan.loop ? this.#start(true) : undefined;
        }
      } catch (error) {
        this.#subscriber.error(error);
      }
    });
    this.#holdOrRead();
    void process.ended.then((end) => {
      clearTimeout(this.#tail);
      fileSound?.dispose();
      this.#onEnd(over && end.kind === 'stopped' ? { kind: 'eos' } : end);
    });
  }

  #listener(): AudioObserver {
    const { label, warn } = this.#plan;
    return {
      onPacket: (packet) => {
        if (!this.#subscriber.closed) {
          this.#context.onAudio?.(packet);
        }
      },
      onTrouble: (reason) => warn(soundlessSentence(label, reason)),
    };
  }

  #onEnd(end: MediaEnd): void {
    const { label, endless, options } = this.#plan;
    if (this.#subscriber.closed) {
      return;
    }
    if (end.kind !== 'eos' || !this.#opened || endless) {
      this.#subscriber.error(sourceFailure(end, { label, opened: this.#opened, crop: options.crop }));
    } else if (this.#standby === undefined) {
      this.#subscriber.complete();
    } else {
      this.#current = this.#standby;
      this.#standby = undefined;
      this.#read(this.#current);
      void this.#play(this.#current);
    }
  }

  /**
   * Reads a file only while the gate is open and its sound is not behind. What a chunk of at most 64 KiB still has is delivered
   * after the gate closed.
   */
  #holdOrRead(): void {
    const { process, sound } = this.#current;
    if (!this.#plan.gated || this.#subscriber.closed) {
      return;
    }
    const held = this.#gate?.isOpen === false || sound?.behind === true;
    this.#watchdog.hold(held);
    if (held) {
      process.media.pause();
    } else {
      process.media.resume();
    }
  }

  #silence(): LimpidError {
    const { label, options, gated } = this.#plan;
    if (gated && !this.#opened) {
      return new LimpidError(
        'ERR_SOURCE_OPEN',
        `${label} gave no picture within ${options.openTimeoutMs} ms; check that it has video`,
      );
    }
    return this.#opened
      ? new LimpidError('ERR_SOURCE_STALLED', `${label} has sent nothing for ${options.stallTimeoutMs} ms`)
      : new NoPictureError(
          'ERR_SOURCE_OPEN',
          `${label} sent no picture within ${options.openTimeoutMs} ms; check it and the network, or raise openTimeoutMs`,
        );
  }
}

function soundlessSentence(label: string, reason: string): string {
  return `${label} goes on without its sound: ${reason.replace(/\.$/, '')}; set audio: false to leave it out`;
}
