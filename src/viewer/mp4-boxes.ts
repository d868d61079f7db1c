/**
 * The little that the page does to fragmented MP4: it reads which decoder a key frame wants, and says anew when a picture
 * is due. A box is a u32 length, four letters, and what it holds.
 */

/** Where in a box its first child begins. */
const CHILDREN_AT: Readonly<Record<string, number>> = {
  moov: 8,
  trak: 8,
  mdia: 8,
  minf: 8,
  stbl: 8,
  stsd: 16, // version and flags, count
  avc1: 86, // what every picture entry says
  moof: 8,
  traf: 8,
};

const AVC_CONFIGURATION = ['moov', 'trak', 'mdia', 'minf', 'stbl', 'stsd', 'avc1', 'avcC'] as const;

/** The codec of a payload that begins with an initialisation segment, as RFC 6381 writes it; else undefined. */
export function codecOfMp4(payload: Uint8Array<ArrayBuffer>): string | undefined {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const at = findBox(view, AVC_CONFIGURATION);
  if (at === undefined) {
    return undefined;
  }
  const hex = (offset: number) =>
    view
      .getUint8(at + offset)
      .toString(16)
      .toUpperCase()
      .padStart(2, '0');
  return `avc1.${hex(9)}${hex(10)}${hex(11)}`;
}

/** A copy of a payload whose picture is due at another time and stays for another while. */
export function restamped(
  payload: Uint8Array<ArrayBuffer>,
  { timeUs, durationUs }: { readonly timeUs: number; readonly durationUs: number },
): Uint8Array<ArrayBuffer> {
  const copy = payload.slice();
  const view = new DataView(copy.buffer);
  const times = findBox(view, ['moof', 'traf', 'tfdt']);
  const header = findBox(view, ['moof', 'traf', 'tfhd']);
  if (times === undefined || header === undefined) {
    throw new RangeError('Expected a fragment with tfdt and tfhd');
  }
  view.setBigUint64(times + 12, BigInt(timeUs));
  view.setUint32(header + 16, durationUs);
  return copy;
}

/** Offset of the first box of a path; undefined where there is none. */
function findBox(
  view: DataView,
  [type, ...below]: readonly string[],
  begin = 0,
  end = view.byteLength,
): number | undefined {
  let at = begin;
  while (at + 8 <= end) {
    const bytes = view.getUint32(at);
    if (bytes < 8) {
      return undefined;
    }
    if (typeAt(view, at) === type) {
      const next = Math.min(end, at + bytes);
      return below.length === 0 ? at : findBox(view, below, at + (CHILDREN_AT[type ?? ''] ?? 8), next);
    }
    at += bytes;
  }
  return undefined;
}

function typeAt(view: DataView, at: number): string {
  return String.fromCharCode(...[4, 5, 6, 7].map((offset) => view.getUint8(at + offset)));
}
