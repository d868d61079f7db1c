/**
 * Gives decoded pictures their place in the stream: seq, session and a PTS on one rising clock.
 *
 *     session 0   PTS 7.0 7.2 7.4            session 1   PTS 0.0 0.2
 *     stream          0.0 0.2 0.4  … gap: wall time lost …   3.1 3.3
 *
 * Within a session the spacing of PTS is carried, never invented. A new session starts after the last frame by the wall
 * time that was lost. A 90 kHz clock that starts again at 0 (MPEG-TS after 26.5 hours) goes on as if it had not. A PTS that
 * jumps back, or ahead of the wall clock by more than the limit, starts a new run the same way and is flagged as a
 * discontinuity. One that lies hardly before its predecessor's, as many cameras stamp a picture now and then, is no jump: it
 * follows by the least step, and the next one has its own place again. One that stands still says nothing: a decoder repeats
 * its latest PTS while those of its source lie before it, a camera's clock having been set back; the wall clock tells the time
 * until they rise again.
 * Sound is placed by the same offset as the pictures of its session, so that what was together stays together.
 */
import type { AudioPacket } from '../frame/audio.js';
import type { DecodedFrame, Frame } from '../frame/frame.js';

/** A PTS may run ahead of the wall clock by this much between two frames before it counts as a jump. */
const MAX_JUMP_NS = 10_000_000_000n;
/** A PTS may lie this far before one that came, for as long, before it counts as a jump. */
const MAX_UNSTEADY_MS = 100;
/** From a frame to one that has no later time of its own. */
const LEAST_STEP_NS = 1_000_000n;
const NS_PER_MS = 1_000_000;
/** Clocks of 90 kHz that start again: the 33 bits of MPEG-TS, the 32 of RTP. */
const WRAPS_NS = [33n, 32n].map((bits) => (2n ** bits * 1_000_000_000n) / 90_000n);
const AUDIO_WRAPS_NS = [0n, ...WRAPS_NS, ...WRAPS_NS.map((wrapNs) => -wrapNs)];
/** After a wrap a frame must lie this close to where the wall clock has it. */
const WRAP_TOLERANCE_NS = 2_000_000_000n;

/** How a picture gets its time. */
type Placing = 'by its stamp' | 'by the least step' | 'by the wall clock' | 'after a jump';

/** The clock of one stream, over all its sessions. */
export class StreamClock {
  #seq = 0;
  #session = -1;
  /** Stream PTS minus session PTS. */
  #offsetNs = 0n;
  /** The same for sound, whose stamps go on while those of the pictures stand still. */
  #audioOffsetNs = 0n;
  /** That of the last packet of this session: where only the pictures jump, the sound goes on by it. */
  #heardOffsetNs: bigint | undefined;
  #standsStill = false;
  #last:
    | {
        /** The latest that came, and when it came. */
        readonly sourcePtsNs: bigint;
        readonly latestMs: number;
        readonly ptsNs: bigint;
        readonly captureTimeMs: number;
      }
    | undefined;
  #newSession = true;
  /** Sum of the wraps of this session. */
  #wrapsNs = 0n;
  #lastAudioNs: bigint | undefined;

  /** The source was opened again: its next frame belongs to a new session. */
  startSession(): void {
    this.#newSession = true;
    this.#heardOffsetNs = undefined;
  }

  /** Places a picture. Frames come in order of presentation. */
  place(decoded: DecodedFrame): Frame {
    const picture = { ...decoded, ptsNs: decoded.ptsNs + this.#wrapped(decoded) };
    const placing = this.#placingOf(picture);
    if (this.#newSession) {
      this.#session += 1;
      this.#newSession = false;
    }
    if (placing === 'after a jump' || placing === 'by the wall clock') {
      this.#rebase(picture);
    }
    const stood = this.#standsStill;
    this.#standsStill = placing === 'by the wall clock' && picture.ptsNs === this.#last?.sourcePtsNs;
    if (!this.#standsStill && (stood || placing === 'after a jump')) {
      this.#audioOffsetNs = this.#offsetNs;
    }
    const last = this.#last;
    const { captureTimeMs } = picture;
    const placedNs = picture.ptsNs + this.#offsetNs;
    const ptsNs = last === undefined || placedNs > last.ptsNs ? placedNs : last.ptsNs + LEAST_STEP_NS;
    const latest =
      placing === 'by the least step' && last !== undefined
        ? { sourcePtsNs: last.sourcePtsNs, latestMs: last.latestMs }
        : { sourcePtsNs: picture.ptsNs, latestMs: captureTimeMs };
    this.#last = { ...latest, ptsNs, captureTimeMs };
    return { ...picture, ptsNs, seq: this.#seq++, session: this.#session, discontinuity: placing === 'after a jump' };
  }

  /**
   * Places a packet of the session's sound beside its pictures, of which one has come; null for one that lies more than ten
   * seconds from the last picture, or not after the packet before it.
   */
  placeAudio(packet: AudioPacket): AudioPacket | null {
    const last = this.#last;
    if (last === undefined || this.#newSession) {
      return null;
    }
    const offsets = [this.#audioOffsetNs, this.#offsetNs, this.#heardOffsetNs ?? this.#offsetNs];
    for (const offsetNs of offsets) {
      const placedNs = packet.ptsNs + this.#wrapsNs + offsetNs;
      // The clock of the sound starts again a little before or after that of the pictures.
      const ptsNs = AUDIO_WRAPS_NS.map((wrapNs) => placedNs + wrapNs).reduce((nearest, candidate) =>
        distance(candidate, last.ptsNs) < distance(nearest, last.ptsNs) ? candidate : nearest,
      );
      if (distance(ptsNs, last.ptsNs) <= MAX_JUMP_NS) {
        return this.#heard(packet, ptsNs, offsetNs);
      }
    }
    return null;
  }

  #heard(packet: AudioPacket, ptsNs: bigint, offsetNs: bigint): AudioPacket | null {
    if (this.#lastAudioNs !== undefined && ptsNs <= this.#lastAudioNs) {
      return null;
    }
    this.#lastAudioNs = ptsNs;
    this.#audioOffsetNs = offsetNs;
    this.#heardOffsetNs = offsetNs;
    return { ...packet, ptsNs };
  }

  /** What to add to a PTS whose clock has started again, so that time goes on. */
  #wrapped({ ptsNs, captureTimeMs }: DecodedFrame): bigint {
    const last = this.#last;
    if (last === undefined || this.#newSession) {
      this.#wrapsNs = 0n;
      return 0n;
    }
    const step = ptsNs + this.#wrapsNs - last.sourcePtsNs;
    const wall = nsOf(captureTimeMs - last.captureTimeMs);
    for (const wrapNs of WRAPS_NS) {
      const unwrapped = step + wrapNs;
      if (unwrapped > 0n && unwrapped - wall < WRAP_TOLERANCE_NS && wall - unwrapped < WRAP_TOLERANCE_NS) {
        this.#wrapsNs += wrapNs;
        break;
      }
    }
    return this.#wrapsNs;
  }

  #placingOf({ ptsNs, captureTimeMs }: DecodedFrame): Placing {
    const last = this.#last;
    if (last === undefined || this.#newSession) {
      return 'after a jump';
    }
    const step = ptsNs - last.sourcePtsNs;
    if (step > 0n) {
      const isAhead = step - nsOf(captureTimeMs - last.captureTimeMs) > MAX_JUMP_NS;
      return isAhead ? 'after a jump' : this.#standsStill ? 'by the wall clock' : 'by its stamp';
    }
    const unsteady = -step <= nsOf(MAX_UNSTEADY_MS) && captureTimeMs - last.latestMs <= MAX_UNSTEADY_MS;
    if (unsteady && !this.#standsStill) {
      return 'by the least step';
    }
    return step === 0n ? 'by the wall clock' : 'after a jump';
  }

  /** Continues after the last frame by the wall time that passed since it, at least a millisecond. */
  #rebase(picture: DecodedFrame): void {
    if (this.#last === undefined) {
      this.#offsetNs = -picture.ptsNs;
      return;
    }
    const lost = nsOf(Math.max(1, picture.captureTimeMs - this.#last.captureTimeMs));
    this.#offsetNs = this.#last.ptsNs + lost - picture.ptsNs;
  }
}

function distance(a: bigint, b: bigint): bigint {
  return a < b ? b - a : a - b;
}

function nsOf(ms: number): bigint {
  return BigInt(Math.round(ms * NS_PER_MS));
}
