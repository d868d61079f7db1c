/**
 * How long each picture was in its decoder, read from what GStreamer's latency tracer writes among the errors of a process.
 *
 *     … GST_TRACER :0:: element-latency, element-id=(string)0x7f…, element=(string)avdec_h264-0, src=(string)src, time=(guint64)1313393, …
 *
 * The tracer times every element, and every RTP packet on its way through each of them.
 */

/** Environment of a process that traces. */
export const DECODER_TRACE_ENVIRONMENT: Readonly<Record<string, string>> = {
  GST_TRACERS: 'latency(flags=element)',
  GST_DEBUG: 'GST_TRACER:7',
  GST_DEBUG_NO_COLOR: '1',
};

const TRACED = ' GST_TRACER ';
const NS_PER_MS = 1_000_000;
/** By the names that decodebin gives: "avdec_h264-0", "nvh265dec0", "jpegdec1". */
const TIME_IN_DECODER = /element=\(string\)(?:avdec_\w+-\d+|\w*dec\d+), .*time=\(guint64\)(\d{1,15}),/;
/** A line without end is no line of the tracer. */
const MAX_LINE_CHARACTERS = 4_096;

/** Takes the tracer's lines out of a text that comes in pieces. */
export class DecoderTrace {
  readonly #onDecoded: (elapsedMs: number) => void;
  #rest = '';

  /** @param onDecoded told of each decoded picture, ms */
  constructor(onDecoded: (elapsedMs: number) => void) {
    this.#onDecoded = onDecoded;
  }

  /** Takes the next piece; returns what in it is somebody else's, in whole lines. */
  push(text: string): string {
    const lines = (this.#rest + text).split('\n');
    const last = lines.pop() ?? '';
    const overlong = last.length > MAX_LINE_CHARACTERS;
    this.#rest = overlong ? '' : last;
    const others = lines.filter((line) => !this.#take(line)).map((line) => `${line}\n`);
    return others.join('') + (overlong ? last : '');
  }

  #take(line: string): boolean {
    if (!line.includes(TRACED)) {
      return false;
    }
    const ns = TIME_IN_DECODER.exec(line)?.[1];
    if (ns !== undefined) {
      this.#onDecoded(Number(ns) / NS_PER_MS);
    }
    return true;
  }
}
