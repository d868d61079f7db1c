/**
 * From the stamps on a pipe to one timeline: GStreamer states a buffer's time within a segment, and a segment's place apart.
 *
 * An MP4 whose edit list leaves out its first 0.2 s stamps its first picture 0.2 s, in a segment that starts at 0.2 s: its
 * time is 0. Matroska has no such thing, and its demuxer announces segments that its stamps don't mean (the first picture's
 * time, then that of the earliest packet): there the stamps are the times.
 */

/** What times are counted from: the stamps as they are, or the running time that the segments give them. */
export type Timeline = 'stamps' | 'running';

/** The time of stamps within the segments that a pipe announced so far. */
export class SegmentClock {
  readonly #timeline: Timeline;
  #shiftNs = 0n;

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  /** Takes the text of a segment event. */
  announce(event: string): void {
    const field = (name: string): bigint =>
      BigInt(new RegExp(`\\b${name}=\\(guint64\\)(\\d{1,20})\\b`).exec(event)?.[1] ?? 0);
    if (this.#timeline === 'running' && /\bformat=\(GstFormat\)time\b/.test(event)) {
      this.#shiftNs = field('base') + field('offset') - field('start');
    }
  }

  /** A stamp's time, ns: negative before the segment's start, where a decoder's priming lies. */
  timeOf(stampNs: bigint): bigint {
    return stampNs + this.#shiftNs;
  }
}
