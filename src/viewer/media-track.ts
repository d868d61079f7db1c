/**
 * Pictures of one track of fragmented MP4, played by a <video> that is not on the page.
 *
 *     payload ─▶ due at (the video's clock + lead) ─▶ SourceBuffer ─▶ <video> ─▶ requestVideoFrameCallback ─▶ VideoFrame
 *
 * A player keeps to the times it is told, and falls behind whoever tells it the camera's. Here each picture is due when it
 * comes: at what the video's clock shows at that moment, and a little later. So there is nothing that could drift, no pause
 * of the source is a hole in time, and what comes in a burst is a millisecond apart and over at once. Each picture is said to
 * last longer than any usual interval, lest the video stops to buffer.
 */
import { restamped } from './mp4-boxes.js';

/** What a track tells. */
export interface MediaTrackEvents {
  /** The picture of frame `seq`; whoever receives it closes it. */
  picture(seq: number, picture: VideoFrame): void;
  /** The video gave up. Nothing more comes until a key frame is offered. */
  failed(): void;
}

/** How long after its arrival a picture is due, ms: time enough to decode it. */
const LEAD_MS = 15;
/** How long a picture is said to last, ms. */
const DURATION_MS = 1000;
/** Played pictures are let go from time to time, ms of media. */
const KEEP_MS = 5000;

/** One video element and its buffer. */
export class MediaTrack {
  readonly #events: MediaTrackEvents;
  #player: Player | undefined;

  constructor(events: MediaTrackEvents) {
    this.#events = events;
  }

  /** Pictures that were offered and have neither been shown nor passed over. */
  get waiting(): number {
    return this.#player?.waiting ?? 0;
  }

  /** Takes the payload of frame `seq`; `codec` where it begins with an initialisation segment. */
  offer(payload: Uint8Array<ArrayBuffer>, seq: number, codec: string | undefined): void {
    if (codec !== undefined && this.#player?.codec !== codec) {
      this.reset();
      this.#player = new Player(codec, {
        picture: (of, picture) => this.#events.picture(of, picture),
        failed: () => {
          this.reset();
          this.#events.failed();
        },
      });
    }
    this.#player?.offer(payload, seq, codec !== undefined);
  }

  /** Forgets everything; the next payload must be that of a key frame. */
  reset(): void {
    this.#player?.close();
    this.#player = undefined;
  }
}

/** One MediaSource, for one codec. */
class Player {
  readonly codec: string;
  readonly #events: MediaTrackEvents;
  readonly #video = document.createElement('video');
  readonly #source = new MediaSource();
  /** Frames by when they are due, ms; in order. */
  readonly #due = new Map<number, number>();
  #queue: Uint8Array<ArrayBuffer>[] = [];
  #buffer: SourceBuffer | undefined;
  #lastMs: number | undefined;
  /** When key frames are due that are still in the buffer, ms: it can be emptied up to one of them. */
  #keysMs: number[] = [];
  #closed = false;

  constructor(codec: string, events: MediaTrackEvents) {
    this.codec = codec;
    this.#events = events;
    const video = this.#video;
    video.muted = true;
    video.playsInline = true;
    video.disableRemotePlayback = true;
    video.onerror = () => this.#fail();
    this.#source.onsourceopen = () => this.#open();
    video.src = URL.createObjectURL(this.#source);
    this.#awaitPicture();
    // It rejects when the player is closed before it began; what else can fail ends in `onerror`.
    video.play().catch(() => {});
  }

  get waiting(): number {
    return this.#due.size;
  }

  offer(payload: Uint8Array<ArrayBuffer>, seq: number, key: boolean): void {
    const clockMs = Math.ceil(this.#video.currentTime * 1000);
    const dueMs = this.#lastMs === undefined ? 0 : Math.max(this.#lastMs + 1, clockMs + LEAD_MS);
    this.#lastMs = dueMs;
    this.#due.set(dueMs, seq);
    if (key) {
      this.#keysMs.push(dueMs);
    }
    this.#queue.push(restamped(payload, { timeUs: dueMs * 1000, durationUs: DURATION_MS * 1000 }));
    this.#feed();
  }

  close(): void {
    this.#closed = true;
    this.#queue = [];
    this.#due.clear();
    const { src } = this.#video;
    this.#video.onerror = null;
    this.#video.removeAttribute('src');
    this.#video.load(); // lets the decoder go
    URL.revokeObjectURL(src);
  }

  #open(): void {
    if (this.#closed) {
      return;
    }
    try {
      this.#buffer = this.#source.addSourceBuffer(`video/mp4; codecs="${this.codec}"`);
    } catch {
      this.#fail();
      return;
    }
    this.#buffer.onupdateend = () => this.#feed();
    this.#feed();
  }

  /** One thing at a time, as a SourceBuffer demands: empties the past, then appends. */
  #feed(): void {
    const buffer = this.#buffer;
    if (this.#closed || buffer === undefined || buffer.updating) {
      return;
    }
    try {
      const pastMs = this.#playedKeyMs();
      const next = this.#queue.shift();
      if (next !== undefined) {
        buffer.appendBuffer(next);
      } else if (pastMs !== undefined) {
        buffer.remove(0, pastMs / 1000);
      }
    } catch {
      this.#fail();
    }
  }

  /** A key frame before which nothing is of use any more: a buffer is emptied from key frame to key frame. */
  #playedKeyMs(): number | undefined {
    const clockMs = this.#video.currentTime * 1000;
    const [oldest = clockMs] = this.#keysMs;
    const played = this.#keysMs.findLast((keyMs) => keyMs < clockMs);
    if (played === undefined || played - oldest < KEEP_MS) {
      return undefined;
    }
    this.#keysMs = this.#keysMs.filter((keyMs) => keyMs >= played);
    return played;
  }

  #awaitPicture(): void {
    this.#video.requestVideoFrameCallback(() => {
      if (!this.#closed) {
        this.#awaitPicture();
        this.#take(new VideoFrame(this.#video));
      }
    });
  }

  /** The time of the picture itself says which one it is: the video may be one further than the callback. */
  #take(picture: VideoFrame): void {
    const dueMs = Math.round(picture.timestamp / 1000);
    const seq = this.#due.get(dueMs);
    for (const earlierMs of this.#due.keys()) {
      if (earlierMs > dueMs) {
        break;
      }
      this.#due.delete(earlierMs);
    }
    if (seq === undefined) {
      picture.close(); // seen already
      return;
    }
    this.#events.picture(seq, picture);
  }

  #fail(): void {
    if (!this.#closed) {
      this.#events.failed();
    }
  }
}
