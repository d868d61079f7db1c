/**
 * One session of a source: a media process that decodes, its pictures as an Observable.
 *
 *     GStreamer … gdppay ! fdsink ──pipe──▶ GdpReader ─▶ observer
 *                                   ▲ paused by the gate (files) · watched for stalls
 */
import { Observable } from 'rxjs';
import { LimpidError } from '../errors/limpid-error.js';
import type { DecodedFrame } from '../frame/frame.js';
import type { Gate } from '../frame/gate.js';
import { type GdpPicture, GdpReader } from '../media/gdp-reader.js';
import { MediaProcess } from '../media/media-process.js';
import { sourceFailure } from './source-failure.js';
import type { ResolvedSourceOptions } from './source-options.js';

/** What a session is made of. */
export interface SessionPlan {
  /** The source without its secrets. */
  readonly label: string;
  /** The pipeline, filled. */
  readonly launch: string;
  /** Restart at the end of the stream, inside the process. */
  readonly loop: boolean;
  /** An end of stream is a loss, not an end: cameras don't finish. */
  readonly endless: boolean;
  /** Whether a closed gate stops the reading. */
  readonly gated: boolean;
  readonly options: ResolvedSourceOptions;
}

/** Frame duration assumed for a picture without time stamp in a stream without frame rate, ns. */
const FALLBACK_DURATION_NS = 40_000_000n;
const NS_PER_SECOND = 1_000_000_000;

/** A cold session. Subscribing starts the process; unsubscribing stops it, killing it after `stopTimeoutMs`. */
export function decodeSession$(plan: SessionPlan, gate?: Gate): Observable<DecodedFrame> {
  return new Observable((subscriber) => {
    const { label, options } = plan;
    const media = MediaProcess.start({ launch: plan.launch, loop: plan.loop });
    const times = new PictureTimes();
    let opened = false;

    const reader = new GdpReader({ maxFrameBytes: options.maxFrameBytes }, (picture) => {
      opened = true;
      const { width, height, data } = picture;
      subscriber.next({ width, height, format: 'rgb8', data, ptsNs: times.of(picture), captureTimeMs: Date.now() });
    });
    const watchdog = new Watchdog(() => {
      const waitedMs = opened ? options.stallTimeoutMs : options.openTimeoutMs;
      subscriber.error(
        opened
          ? new LimpidError('ERR_SOURCE_STALLED', `${label} has sent nothing for ${waitedMs} ms; it is opened again`)
          : new LimpidError(
              'ERR_SOURCE_OPEN',
              `${label} sent no picture within ${waitedMs} ms; check it or the network`,
            ),
      );
    });
    watchdog.start(options.openTimeoutMs);

    media.media.on('data', (chunk: Buffer) => {
      if (subscriber.closed) {
        return;
      }
      try {
        const wasOpened = opened;
        reader.push(chunk);
        if (opened && !wasOpened) {
          watchdog.start(options.stallTimeoutMs);
        } else if (opened) {
          watchdog.refresh();
        }
      } catch (error) {
        subscriber.error(error);
      }
    });
    const release = plan.gated && gate !== undefined ? holdBack(gate, media, watchdog) : () => undefined;
    void media.ended.then((end) => {
      watchdog.stop();
      if (end.kind === 'eos' && opened && !plan.endless) {
        subscriber.complete();
      } else {
        subscriber.error(sourceFailure(end, { label, opened }));
      }
    });
    return () => {
      watchdog.stop();
      release();
      void media.stop(options.stopTimeoutMs);
    };
  });
}

/** Reads only while the gate is open. What a chunk of at most 64 KiB still holds is delivered after the gate closes. */
function holdBack(gate: Gate, { media }: MediaProcess, watchdog: Watchdog): () => void {
  const apply = (open: boolean) => {
    if (open) {
      watchdog.refresh();
      media.resume();
    } else {
      watchdog.pause();
      media.pause();
    }
  };
  if (!gate.isOpen) {
    apply(false);
  }
  return gate.onChange(apply);
}

/** Fires when it was not refreshed for its time. */
class Watchdog {
  readonly #onFire: () => void;
  #timer: NodeJS.Timeout | undefined;
  #timeoutMs = 0;
  #refreshed = false;

  constructor(onFire: () => void) {
    this.#onFire = onFire;
  }

  start(timeoutMs: number): void {
    this.#timeoutMs = timeoutMs;
    this.pause();
    this.refresh();
  }

  refresh(): void {
    this.#refreshed = true;
    if (this.#timer === undefined) {
      this.#timer = setTimeout(() => this.#suspect(), this.#timeoutMs);
    } else {
      this.#timer.refresh();
    }
  }

  /** Stands still until the next refresh. */
  pause(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#refreshed = true;
  }

  stop(): void {
    this.pause();
  }

  /** Timers run before pipes are read: after a long pause of this process, data may be waiting. Reads get their turn first. */
  #suspect(): void {
    this.#refreshed = false;
    setImmediate(() => {
      if (!this.#refreshed) {
        this.#onFire();
      }
    });
  }
}

/** Presentation times of a session; a picture without one follows its predecessor by a frame's duration. */
class PictureTimes {
  #nextNs = 0n;

  of(picture: GdpPicture): bigint {
    const ptsNs = picture.ptsNs ?? this.#nextNs;
    this.#nextNs = ptsNs + (picture.durationNs ?? rateDurationNs(picture.framesPerSecond));
    return ptsNs;
  }
}

function rateDurationNs(framesPerSecond: number | null): bigint {
  return framesPerSecond === null ? FALLBACK_DURATION_NS : BigInt(Math.round(NS_PER_SECOND / framesPerSecond));
}
