/**
 * What a client may ask to see, and in which form: the words of the WebSocket's query string.
 */

/** Which picture of a frame: restored, source, or both of the same seq. */
export const VIEWS = ['restored', 'source', 'pair'] as const;
export type View = (typeof VIEWS)[number];

/** How pictures travel to the viewer: JPEG, or H.264 as access units or in fragmented MP4. */
export const CODECS = ['jpeg', 'h264', 'fmp4'] as const;
export type Codec = (typeof CODECS)[number];

/** Whether something that came from outside names a view. */
export function isView(value: unknown): value is View {
  return VIEWS.some((view) => view === value);
}

/** Whether something that came from outside names a codec. */
export function isCodec(value: unknown): value is Codec {
  return CODECS.some((codec) => codec === value);
}
