/**
 * Frames to H.264 (Annex B, constrained baseline), in a media process that runs while a feed has viewers.
 *
 *     frame ─▶ GDP header + pixels ──fd 3──▶ fdsrc ! … x264enc … ! fdsink ──fd 3──▶ one access unit
 *
 * One picture is in the process at a time, so that an access unit belongs to the frame that was written last, and nothing
 * queues. A frame of another size goes to a new process.
 */
import { LimpidError } from '../errors/limpid-error.js';
import type { Frame } from '../frame/frame.js';
import { gdpPacketParser } from '../media/gdp-packets.js';
import type { GdpParser } from '../media/gdp-parser.js';
import { gdpPictureBytes, gdpPictureHeader, gdpPrologue } from '../media/gdp-writer.js';
import { fillLaunchText, readLaunchText } from '../media/launch-text.js';
import { type MediaEnd, MediaProcess } from '../media/media-process.js';
import { type RawVideo, rawVideo } from '../media/raw-video.js';
import { Watchdog } from '../media/watchdog.js';
import { encoderFormat } from '../sink/video-encoding.js';
import { isKeyAccessUnit } from '../wire/access-unit.js';
import type { EncodedPicture, PictureEncoder } from './picture-encoder.js';

/** How H.264 for viewers is made. */
export interface H264Options {
  /** Constant rate factor of x264, 0 to 51: lower is better and larger. */
  readonly crf: number;
  readonly maxBitrateKbps: number;
  /** Told how long each compression took, ms. */
  readonly onEncoded?: (elapsedMs: number) => void;
}

/** A key frame at the latest after so many frames. */
const GOP_FRAMES = 90;
/** Stated to x264, which holds a picture back when the rate is unknown; times are carried by the PTS. */
const NOMINAL_FRAMES_PER_SECOND = 30;
/** Longest wait for an access unit, ms; the first one waits for the process to start. */
const PICTURE_TIMEOUT_MS = 10_000;
/** The element of the pipeline text by which key frames are asked for. */
const PACKETS_ELEMENT = 'packets';

/** Opens an encoder; its process starts with the first frame. */
export function openH264Encoder(options: H264Options): PictureEncoder {
  let current: EncodeProcess | undefined;
  return {
    async encode(frame, wantsKey) {
      if (current?.takes(frame) !== true) {
        current?.dispose();
        current = new EncodeProcess(frame, options);
      } else if (wantsKey) {
        await current.forceKey();
      }
      const startedMs = performance.now();
      const picture = await current.encode(frame);
      options.onEncoded?.(performance.now() - startedMs);
      return picture;
    },
    dispose() {
      current?.dispose();
      current = undefined;
    },
  };
}

/** One media process, for pictures of one size. */
class EncodeProcess {
  readonly #video: RawVideo;
  readonly #originNs: bigint;
  readonly #process: MediaProcess;
  readonly #parser: GdpParser;
  readonly #watchdog = new Watchdog(() => this.#giveUp());
  #failure: LimpidError | undefined;
  #waiting: { resolve(picture: EncodedPicture): void; reject(error: LimpidError): void } | undefined;

  constructor(first: Frame, { crf, maxBitrateKbps }: H264Options) {
    this.#video = rawVideo(first.width, first.height, NOMINAL_FRAMES_PER_SECOND, first.pixelAspect);
    this.#originNs = first.ptsNs;
    this.#parser = gdpPacketParser('running', { caps: () => {}, packet: ({ data }) => this.#take(data) });
    this.#process = MediaProcess.start({
      launch: fillLaunchText(readLaunchText('encode-h264'), {
        ...encoderFormat(this.#video),
        crf,
        maxBitrateKbps,
        gopFrames: GOP_FRAMES,
      }),
    });
    this.#process.media.on('data', (chunk: Buffer) => this.#read(chunk));
    this.#process.media.write(gdpPrologue(this.#video));
    void this.#process.ended.then((end) => this.#fail(`its media process ended: ${wordsFor(end)}`));
  }

  /** Whether frames of this size go to this process, and it lives. */
  takes(frame: Frame): boolean {
    return this.#failure === undefined && frame.width === this.#video.width && frame.height === this.#video.height;
  }

  /** The next picture, which must follow, becomes a key frame. */
  forceKey(): Promise<void> {
    this.#watchdog.hold(false);
    this.#watchdog.start(PICTURE_TIMEOUT_MS);
    return this.#process.forceKey(PACKETS_ELEMENT);
  }

  encode(frame: Frame): Promise<EncodedPicture> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure);
        return;
      }
      this.#waiting = { resolve, reject };
      this.#watchdog.hold(false);
      this.#watchdog.start(PICTURE_TIMEOUT_MS);
      const { media } = this.#process;
      media.cork();
      media.write(gdpPictureHeader(this.#video, frame.ptsNs - this.#originNs, null));
      media.write(gdpPictureBytes(this.#video, frame.data));
      media.uncork();
    });
  }

  dispose(): void {
    this.#fail('its viewers have left');
    this.#process.dispose();
  }

  #read(chunk: Buffer): void {
    try {
      this.#parser.push(chunk);
    } catch (error) {
      this.#fail(error instanceof Error ? error.message : String(error));
      this.#process.dispose();
    }
  }

  #take(bytes: Buffer): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    this.#watchdog.hold(true);
    const { width, height } = this.#video;
    waiting?.resolve({ bytes, key: isKeyAccessUnit(bytes), width: width & ~1, height: height & ~1 });
  }

  #giveUp(): void {
    this.#fail(`it gave nothing for ${PICTURE_TIMEOUT_MS} ms`);
    this.#process.dispose();
  }

  #fail(why: string): void {
    this.#watchdog.stop();
    this.#failure ??= new LimpidError('ERR_MEDIA_PROCESS', `The H.264 encoder stopped: ${why}`);
    this.#waiting?.reject(this.#failure);
    this.#waiting = undefined;
  }
}

function wordsFor(end: MediaEnd): string {
  switch (end.kind) {
    case 'error':
      return `${end.message} ("limpid doctor" checks GStreamer)`;
    case 'crashed':
      return `it died (${end.how})`;
    case 'eos':
    case 'stopped':
      return end.kind;
  }
}
