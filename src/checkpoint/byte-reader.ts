/**
 * A cursor over bytes of unknown origin: every read is checked against the end.
 */
import { checkpointFault } from './fault.js';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads little-endian values one after the other; a read beyond the end throws ERR_CHECKPOINT. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #where: string;
  /** Bytes read so far. */
  at = 0;

  constructor(bytes: Uint8Array, where: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#where = where;
  }

  get left(): number {
    return this.#bytes.length - this.at;
  }

  u8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  i32(): number {
    return this.#view.getInt32(this.#advance(4), true);
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#advance(8), true);
  }

  /** Big-endian, as pickles keep their floats. */
  f64(): number {
    return this.#view.getFloat64(this.#advance(8), false);
  }

  /** A view of the next bytes. */
  bytes(count: number): Uint8Array {
    const start = this.#advance(count);
    return this.#bytes.subarray(start, start + count);
  }

  /** The next bytes as text; what is no UTF-8 throws. */
  text(count: number): string {
    const bytes = this.bytes(count);
    try {
      return utf8.decode(bytes);
    } catch (cause) {
      throw checkpointFault('text in UTF-8', 'other bytes', this.#where, cause);
    }
  }

  /** The next line without its end, at most `longest` characters. */
  line(longest: number): string {
    const end = this.#bytes.subarray(this.at, this.at + longest + 1).indexOf(0x0a);
    if (end < 0) throw checkpointFault(`a line of at most ${longest} characters`, 'a longer one', this.#where);
    const text = this.text(end);
    this.at += 1;
    return text;
  }

  #advance(count: number): number {
    if (count > this.left) {
      throw checkpointFault(`${count} bytes at byte ${this.at}`, `${this.left}; it is cut short`, this.#where);
    }
    const start = this.at;
    this.at += count;
    return start;
  }
}
