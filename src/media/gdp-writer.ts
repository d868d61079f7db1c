/**
 * Writes RGB pictures as GDP, for `fdsrc ! gdpdepay`: a prologue, then a header before each picture. Closing the pipe is
 * the end of the stream.
 */
import { GDP_BUFFER, GDP_CAPS, GDP_SEGMENT, GDP_STREAM_START, type GdpHeader, writeGdpHeader } from './gdp-packet.js';
import { type RawVideo, rawVideoCaps } from './raw-video.js';

/** As gdppay prints them; without the two events every element complains and Matroska comes out broken. */
const STREAM_START =
  'GstEventStreamStart, stream-id=(string)limpid, flags=(GstStreamFlags)GST_STREAM_FLAG_NONE, group-id=(uint)1;';
const SEGMENT =
  'GstEventSegment, segment=(GstSegment)"segment, flags=(GstSegmentFlags)GST_SEGMENT_FLAG_NONE, rate=(double)1, ' +
  'applied-rate=(double)1, format=(GstFormat)time, base=(guint64)0, offset=(guint64)0, start=(guint64)0, ' +
  'stop=(guint64)18446744073709551615, time=(guint64)0, position=(guint64)0, duration=(guint64)18446744073709551615;";';

/** What stands at the head of a stream: stream-start, caps, segment, in the order GStreamer wants them. */
export function gdpPrologue(video: RawVideo): Buffer {
  return gdpStreamPrologue('limpid', rawVideoCaps(video));
}

/** The head of a stream of any caps; two streams of one pipeline differ in `id`, a word. */
export function gdpStreamPrologue(id: string, caps: string): Buffer {
  return Buffer.concat([
    textPacket(GDP_STREAM_START, STREAM_START.replace('limpid', id)),
    textPacket(GDP_CAPS, caps),
    textPacket(GDP_SEGMENT, SEGMENT),
  ]);
}

/** The header before one picture's bytes. */
export function gdpPictureHeader(video: RawVideo, ptsNs: bigint, durationNs: bigint | null): Buffer {
  return writeGdpHeader({ type: GDP_BUFFER, payloadBytes: video.strideBytes * video.height, ptsNs, durationNs });
}

/**
 * A picture's bytes with the row padding GStreamer expects: `data` itself when none is needed (widths that are multiples
 * of four, so every ×4 output), a padded copy otherwise.
 */
export function gdpPictureBytes(video: RawVideo, data: Uint8Array): Uint8Array {
  if (video.strideBytes === video.rowBytes) {
    return data;
  }
  const padded = new Uint8Array(video.strideBytes * video.height);
  for (let row = 0; row < video.height; row += 1) {
    padded.set(data.subarray(row * video.rowBytes, (row + 1) * video.rowBytes), row * video.strideBytes);
  }
  return padded;
}

function textPacket(type: GdpHeader['type'], text: string): Buffer {
  const payload = Buffer.from(`${text}\0`, 'utf8');
  return Buffer.concat([
    writeGdpHeader({ type, payloadBytes: payload.length, ptsNs: null, durationNs: null }),
    payload,
  ]);
}
