/**
 * One session of a source: a media process that decodes, its pictures as an Observable.
 *
 *     GStreamer … gdppay ! fdsink ──pipe──▶ GdpReader ─▶ observer
 *                                   ▲ paused by the gate (files) · watched for stalls
 *               … gdppay ! fdsink ──pipe──▶ AudioReader ─▶ onAudio      where the sound is wanted
 */
import { Observable, type Subscriber } from 'rxjs';
import { LimpidError } from '../errors/limpid-error.js';
import type { DecodedFrame } from '../frame/frame.js';
import type { Gate } from '../frame/gate.js';
import { type GdpPicture, GdpReader } from '../media/gdp-reader.js';
import type { Timeline } from '../media/gdp-timeline.js';
import { type MediaEnd, MediaProcess } from '../media/media-process.js';
import { Watchdog } from '../media/watchdog.js';
import { AudioReader } from './audio-reader.js';
import { PictureTimes } from './picture-times.js';
import type { SessionContext } from './source.js';
import { sourceFailure } from './source-failure.js';
import type { ResolvedSourceOptions } from './source-options.js';

/** What a session is made of. */
export interface SessionPlan {
  /** The source without its secrets. */
  readonly label: string;
  /** The pipeline, filled. */
  readonly launch: string;
  /** Whether the pipeline gives sound on the audio pipe, where the source has some. */
  readonly audio: boolean;
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
  readonly options: ResolvedSourceOptions;
}

/** Profiles with deep samples: "H.265 (Main 10 Profile)", "H.264 (High 10 Profile)". */
const DEEP_CODEC = /\((?:Main|High)[^)]* 1[0246]\b/;

/** How long sound may go on after the last picture, ms: what a demuxer still holds of it. */
const AUDIO_TAIL_MS = 1_000;

/** A cold session. Subscribing starts the process; unsubscribing stops it, killing it after `stopTimeoutMs`. */
export function decodeSession$(plan: SessionPlan, context: SessionContext = {}): Observable<DecodedFrame> {
  return new Observable((subscriber) => {
    const session = new DecodeSession(plan, context, subscriber);
    return () => session.stop();
  });
}

/** The running state behind one subscription. */
class DecodeSession {
  readonly #plan: SessionPlan;
  readonly #context: SessionContext;
  readonly #gate: Gate | undefined;
  readonly #subscriber: Subscriber<DecodedFrame>;
  readonly #watchdog: Watchdog;
  readonly #leaveGate: () => void;
  #current: MediaProcess;
  /** The next round of a looped file, ready to play: a round follows the other without a pause. */
  #standby: MediaProcess | undefined;
  #opened = false;
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
    this.#leaveGate = this.#gate?.onChange((open) => this.#hold(!open)) ?? (() => undefined);
    this.#read(this.#current);
  }

  stop(): void {
    this.#watchdog.stop();
    clearTimeout(this.#tail);
    this.#leaveGate();
    this.#standby?.dispose();
    void this.#current.stop(this.#plan.options.stopTimeoutMs);
  }

  #start(held: boolean): MediaProcess {
    const { launch, environment, audio, label, warn } = this.#plan;
    const { onDuration } = this.#context;
    return MediaProcess.start({
      launch,
      environment,
      held,
      audio,
      ...(onDuration === undefined || held ? {} : { onDuration }),
      onSoundless: (message) => warn(soundlessSentence(label, message)),
    });
  }

  #read(round: MediaProcess): void {
    const { options, timeline } = this.#plan;
    const times = new PictureTimes();
    const sound = this.#listen(round);
    let first = true;
    let over = false;
    const onPicture = (picture: GdpPicture): void => {
      if (!this.#opened) {
        this.#opened = true;
        this.#watchdog.start(options.stallTimeoutMs);
        this.#remark(picture);
      }
      const { width, height, data, pixelAspect } = picture;
      const aspect = pixelAspect === undefined ? {} : { pixelAspect };
      const ptsNs = times.of(picture);
      this.#subscriber.next({ width, height, format: 'rgb8', data, ...aspect, ptsNs, captureTimeMs: Date.now() });
      if (first) {
        first = false;
        sound?.release();
      }
    };
    const onLastPicture = (): void => {
      over = true;
      if (sound !== undefined) {
        // The pipeline waits for the end of a sound that may never have begun.
        const stop = () => void round.stop(options.stopTimeoutMs);
        this.#tail = setTimeout(stop, sound.heard ? AUDIO_TAIL_MS : 0);
      }
    };
    const reader = new GdpReader({ maxFrameBytes: options.maxFrameBytes, timeline }, onPicture, onLastPicture);
    round.media.on('data', (chunk: Buffer) => {
      if (this.#subscriber.closed) {
        return;
      }
      try {
        reader.push(chunk);
      } catch (error) {
        this.#subscriber.error(error);
        return;
      }
      if (this.#opened) {
        this.#watchdog.refresh();
        this.#standby ??= this.#plan.loop ? this.#start(true) : undefined;
      }
    });
    if (this.#gate !== undefined) {
      this.#hold(!this.#gate.isOpen);
    }
    void round.ended.then((end) => {
      clearTimeout(this.#tail);
      this.#onEnd(over && end.kind === 'stopped' ? { kind: 'eos' } : end);
    });
  }

  #listen({ audio }: MediaProcess): AudioReader | undefined {
    const { label, timeline, warn } = this.#plan;
    if (audio === null) {
      return undefined;
    }
    return new AudioReader(audio, timeline, {
      onPacket: (packet) => {
        if (!this.#subscriber.closed) {
          this.#context.onAudio?.(packet);
        }
      },
      onTrouble: (reason) => warn(soundlessSentence(label, reason)),
    });
  }

  /** Says once what becomes of pictures that are more than eight bits of standard range. */
  #remark({ highDynamicRange, codec }: GdpPicture): void {
    const { label, warn } = this.#plan;
    if (highDynamicRange !== undefined) {
      warn(
        `${label} is HDR (${highDynamicRange}): it is converted to 8 bits without tone mapping and looks pale; ` +
          'choose a profile of standard dynamic range on the camera if it has one',
      );
    } else if (DEEP_CODEC.test(codec)) {
      warn(`${label} has more than 8 bits a sample (${codec}): it is converted to 8 bits`);
    }
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
      this.#current.play();
    }
  }

  /** Reads only while not held. What a chunk of at most 64 KiB still has is delivered after the gate closed. */
  #hold(held: boolean): void {
    this.#watchdog.hold(held);
    if (held) {
      this.#current.media.pause();
    } else {
      this.#current.media.resume();
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
      : new LimpidError(
          'ERR_SOURCE_OPEN',
          `${label} sent no picture within ${options.openTimeoutMs} ms; check it and the network, or raise openTimeoutMs`,
        );
  }
}

function soundlessSentence(label: string, reason: string): string {
  return `${label} goes on without its sound: ${reason.replace(/\.$/, '')}; set audio: false to leave it out`;
}
