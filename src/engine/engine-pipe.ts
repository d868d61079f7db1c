/**
 * The layout of the pipe between an engine and its worker process: what a thread would be handed, as bytes.
 *
 *     0 u32 bytes of the text    4 u32 bytes of the pixels    8 text (JSON)    then the pixels       little-endian
 *
 * | message             | text                                  | pixels                        |
 * |---------------------|---------------------------------------|-------------------------------|
 * | prepare             | stream, seq                           | the frame                     |
 * | restore             | id, stream, seqs, uploads, output     | the frames, one after another |
 * | restored            | id, times, offsets                    | the restored picture          |
 * | everything else     | its fields                            | none                          |
 */
export const PIPE_HEAD_BYTES = 8;

/** The pipe's file descriptor in the worker process, both ways. */
export const ENGINE_FD = 3;

/** Longest text: a window's seqs and names, with room to spare. */
const MAX_TEXT_BYTES = 65_536;

/** A request as text; pixels follow on the pipe in the order of `uploads`. */
export type PipeRequest =
  | { readonly type: 'prepare'; readonly stream: string; readonly uploads: readonly PipeUpload[] }
  | {
      readonly type: 'restore';
      readonly id: number;
      readonly stream: string;
      readonly seqs: readonly number[];
      readonly uploads: readonly PipeUpload[];
      /** Bytes of the restored picture. */
      readonly outputBytes: number;
    }
  | { readonly type: 'strength'; readonly strength: number }
  | { readonly type: 'forget'; readonly stream: string }
  | { readonly type: 'close' };

/** A frame whose pixels follow. */
export interface PipeUpload {
  readonly seq: number;
  readonly bytes: number;
}

/** Head and text of a message. */
export function encodeHead(text: object, pixelBytes: number): Buffer {
  const json = Buffer.from(JSON.stringify(text));
  const head = Buffer.allocUnsafe(PIPE_HEAD_BYTES + json.byteLength);
  head.writeUInt32LE(json.byteLength, 0);
  head.writeUInt32LE(pixelBytes, 4);
  json.copy(head, PIPE_HEAD_BYTES);
  return head;
}

/** Reads a head. Throws a RangeError for what no engine writes. */
export function decodeHead(head: Buffer): { readonly textBytes: number; readonly pixelBytes: number } {
  const textBytes = head.readUInt32LE(0);
  if (textBytes > MAX_TEXT_BYTES) {
    throw new RangeError(`a message on the engine's pipe has a text of ${textBytes} bytes`);
  }
  return { textBytes, pixelBytes: head.readUInt32LE(4) };
}

/** Takes the messages of a pipe, whose chunks end anywhere. */
export class PipeReader {
  readonly #pixelsFor: (text: unknown, bytes: number) => Uint8Array;
  readonly #onMessage: (text: unknown, pixels: Uint8Array) => void;
  readonly #head = Buffer.alloc(PIPE_HEAD_BYTES);
  #part: { readonly kind: 'head' | 'text' | 'pixels'; readonly into: Uint8Array; fill: number };
  #pixelBytes = 0;
  #text: unknown;

  /**
   * @param pixelsFor gives exactly that many bytes to fill
   * @param onMessage called with each message when it is complete
   */
  constructor(
    pixelsFor: (text: unknown, bytes: number) => Uint8Array,
    onMessage: (text: unknown, pixels: Uint8Array) => void,
  ) {
    this.#pixelsFor = pixelsFor;
    this.#onMessage = onMessage;
    this.#part = { kind: 'head', into: this.#head, fill: 0 };
  }

  push(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; ) {
      const part = this.#part;
      const taken = Math.min(part.into.length - part.fill, chunk.length - at);
      part.into.set(chunk.subarray(at, at + taken), part.fill);
      part.fill += taken;
      at += taken;
      if (part.fill === part.into.length) {
        this.#finishPart(part);
      }
    }
  }

  #finishPart({ kind, into }: { readonly kind: 'head' | 'text' | 'pixels'; readonly into: Uint8Array }): void {
    switch (kind) {
      case 'head': {
        const { textBytes, pixelBytes } = decodeHead(this.#head);
        this.#pixelBytes = pixelBytes;
        this.#part = { kind: 'text', into: new Uint8Array(textBytes), fill: 0 };
        break;
      }
      case 'text':
        this.#text = JSON.parse(Buffer.from(into.buffer, into.byteOffset, into.byteLength).toString());
        if (this.#pixelBytes === 0) {
          this.#finishMessage(new Uint8Array(0));
        } else {
          this.#part = { kind: 'pixels', into: this.#pixelsFor(this.#text, this.#pixelBytes), fill: 0 };
        }
        break;
      case 'pixels':
        this.#finishMessage(into);
        break;
    }
  }

  #finishMessage(pixels: Uint8Array): void {
    this.#part = { kind: 'head', into: this.#head, fill: 0 };
    this.#onMessage(this.#text, pixels);
  }
}
