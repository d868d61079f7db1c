/**
 * A view in fragmented MP4: what its H.264 feed encoded, in other boxes. There is one encode for the viewers of both.
 *
 *     H.264 feed ─▶ access unit(s) ─▶ [ftyp moov] moof mdat ─▶ one message for every client
 *
 * The payload of a key frame begins with the initialisation segment, so whoever begins at a key frame has all it needs,
 * and the payloads of a track in their order are an MP4 file.
 */
import { defer, filter, map, share } from 'rxjs';
import { encodeFrameHeader, FRAME_HEADER_BYTES } from '../wire/frame-message.js';
import { readAccessUnit } from './annex-b.js';
import { h264Fragment, h264Segment } from './h264-mp4.js';
import type { EncodedFrame } from './view-encoder.js';
import type { ViewFeed } from './view-feed.js';

/** Said of the first picture, whose successor is not known yet, µs. */
const FIRST_DURATION_US = 40_000;
/** Longest duration said of a picture, µs; times tell more than this where a source paused. */
const MAX_DURATION_US = 1_000_000;

/** The feed of a view in fMP4, from that of the same view in H.264. */
export function createFmp4Feed(h264: ViewFeed): ViewFeed {
  const frames$ = defer(() => {
    const restored = new TrackMuxer();
    const source = new TrackMuxer();
    return h264.frames$.pipe(
      map((frame) => remux(frame, restored, source)),
      filter((frame) => frame !== undefined),
    );
  });
  return { frames$: frames$.pipe(share()), wantKey: () => h264.wantKey() };
}

function remux(frame: EncodedFrame, restored: TrackMuxer, source: TrackMuxer): EncodedFrame | undefined {
  const { header, message, payload: accessUnit } = frame;
  const sourceUnit = message.subarray(FRAME_HEADER_BYTES + accessUnit.length);
  const size = { width: header.width, height: header.height };
  // An odd last column or row is not coded.
  const sourceSize = { width: header.sourceWidth & ~1, height: header.sourceHeight & ~1 };
  const first = restored.write(accessUnit, header.ptsNs, size);
  const second = header.pair ? source.write(sourceUnit, header.ptsNs, sourceSize) : Buffer.alloc(0);
  if (first === undefined || second === undefined) {
    return undefined;
  }
  const whole = Buffer.concat([encodeFrameHeader(header, first.length, second.length), first, second]);
  return {
    header,
    message: whole,
    payload: whole.subarray(FRAME_HEADER_BYTES, FRAME_HEADER_BYTES + first.length),
  };
}

/** The MP4 of one picture's course. */
class TrackMuxer {
  #sequence = 0;
  #lastUs: bigint | undefined;
  #durationUs = FIRST_DURATION_US;
  #offsetUs = 0n;

  /** One picture, with the initialisation segment if it is a key frame; undefined while there was no key frame yet. */
  write(
    accessUnit: Buffer,
    ptsNs: bigint,
    size: { readonly width: number; readonly height: number },
  ): Buffer | undefined {
    const { key, sps, pps, units } = readAccessUnit(accessUnit);
    if (this.#sequence === 0 && !key) {
      return undefined;
    }
    this.#sequence += 1;
    const timeUs = this.#timeAfter(ptsNs / 1000n);
    const fragment = h264Fragment({ sequence: this.#sequence, timeUs, durationUs: this.#durationUs, key, units });
    return key ? Buffer.concat([h264Segment({ ...size, sps, pps }), fragment]) : fragment;
  }

  /** Times rise, as MP4 demands, even where a stream that was started anew begins at zero again. */
  #timeAfter(ptsUs: bigint): bigint {
    const lastUs = this.#lastUs;
    if (lastUs !== undefined) {
      if (ptsUs + this.#offsetUs <= lastUs) {
        this.#offsetUs = lastUs + BigInt(this.#durationUs) - ptsUs;
      }
      // What comes next lasts about as long as what came before.
      this.#durationUs = Math.min(MAX_DURATION_US, Number(ptsUs + this.#offsetUs - lastUs));
    }
    this.#lastUs = ptsUs + this.#offsetUs;
    return this.#lastUs;
  }
}
