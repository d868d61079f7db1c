/**
 * Python's pickles, read and never run: a stack machine that knows the operations torch.save uses and no other.
 *
 * A pickle is a program. Python's own reader imports and calls whatever it names; this one builds plain values and asks
 * its host what a name means, and the host knows a short list. Anything else is refused with a sentence. Every operation
 * is at least a byte long and makes at most one value, so that the length of a pickle and the number of operations bound
 * what it can take; nothing recurses.
 */
import { ByteReader } from './byte-reader.js';
import { checkpointFault } from './fault.js';
import { isFunction, type PickleHost, type PickleList, type PickleValue } from './pickle-value.js';

/** A pickle's value and the bytes it took: others may follow. */
export interface Unpickled {
  readonly value: PickleValue;
  readonly length: number;
}

/** Longest pickle that is read: names and shapes of thousands of tensors fit into a hundredth. */
const MAX_BYTES = 16 * 1024 * 1024;
/** Most operations: a training state of the largest network takes some 50 000. */
const MAX_OPERATIONS = 500_000;
const LAST_PROTOCOL = 5;
/** Longest module or class name. */
const LONGEST_NAME = 256;
/** Widest whole number, in bytes: torch's magic number has ten. */
const WIDEST_NUMBER = 16;

/** Reads the pickle at the beginning of `bytes`. Throws ERR_CHECKPOINT; `where` names the file in the message. */
export function unpickle(bytes: Uint8Array, host: PickleHost, where: string): Unpickled {
  return new Unpickler(bytes.subarray(0, MAX_BYTES), host, where).run();
}

class Unpickler {
  readonly #in: ByteReader;
  readonly #host: PickleHost;
  readonly #where: string;
  readonly #memo = new Map<number, PickleValue>();
  /** Values since the last mark; the stacks of earlier marks wait in #marked. */
  #stack: PickleList = [];
  readonly #marked: PickleList[] = [];

  constructor(bytes: Uint8Array, host: PickleHost, where: string) {
    this.#in = new ByteReader(bytes, where);
    this.#host = host;
    this.#where = where;
  }

  run(): Unpickled {
    if (this.#in.u8() !== 0x80) throw this.#fault('a pickle that begins with its protocol', 'another beginning');
    this.#protocol(this.#in.u8());
    for (let count = 0; count < MAX_OPERATIONS; count++) {
      const at = this.#in.at;
      const operation = this.#in.u8();
      if (operation === 0x2e) {
        // '.' STOP
        const value = this.#pop();
        if (this.#stack.length + this.#marked.length > 0) throw this.#fault('one value', 'more on the stack');
        return { value, length: this.#in.at };
      }
      if (!this.#structure(operation) && !this.#literal(operation) && !this.#meaning(operation)) {
        throw this.#fault(
          'a pickle of tensors',
          `operation 0x${operation.toString(16).padStart(2, '0')} at byte ${at}`,
        );
      }
    }
    throw this.#fault(`a pickle of at most ${MAX_OPERATIONS} operations`, 'a longer one');
  }

  /** Marks, the memo and containers. */
  #structure(operation: number): boolean {
    switch (operation) {
      case 0x95: // FRAME: a length that readers of streams use
        this.#frame(this.#in.u64());
        return true;
      case 0x28: // '(' MARK
        this.#marked.push(this.#stack);
        this.#stack = [];
        return true;
      case 0x30: // '0' POP
        this.#pop();
        return true;
      case 0x71: // 'q' BINPUT
        this.#memorize(this.#in.u8());
        return true;
      case 0x72: // 'r' LONG_BINPUT
        this.#memorize(this.#in.u32());
        return true;
      case 0x94: // MEMOIZE
        this.#memorize(this.#memo.size);
        return true;
      case 0x68: // 'h' BINGET
        this.#recall(this.#in.u8());
        return true;
      case 0x6a: // 'j' LONG_BINGET
        this.#recall(this.#in.u32());
        return true;
      case 0x7d: // '}' EMPTY_DICT
        return this.#push(new Map());
      case 0x5d: // ']' EMPTY_LIST
      case 0x29: // ')' EMPTY_TUPLE
        return this.#push([]);
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        return this.#push(this.#popped(operation - 0x84));
      case 0x74: // 't' TUPLE
        return this.#push(this.#sinceMark());
      case 0x61: // 'a' APPEND
        this.#append([this.#pop()]);
        return true;
      case 0x65: // 'e' APPENDS
        this.#append(this.#sinceMark());
        return true;
      case 0x73: // 's' SETITEM
        this.#setItems(this.#popped(2));
        return true;
      case 0x75: // 'u' SETITEMS
        this.#setItems(this.#sinceMark());
        return true;
      default:
        return false;
    }
  }

  /** Numbers, texts and constants. */
  #literal(operation: number): boolean {
    switch (operation) {
      case 0x4e: // 'N' NONE
        return this.#push(null);
      case 0x88: // NEWTRUE
        return this.#push(true);
      case 0x89: // NEWFALSE
        return this.#push(false);
      case 0x4a: // 'J' BININT
        return this.#push(this.#in.i32());
      case 0x4b: // 'K' BININT1
        return this.#push(this.#in.u8());
      case 0x4d: // 'M' BININT2
        return this.#push(this.#in.u16());
      case 0x8a: // LONG1
        return this.#push(this.#wholeNumber(this.#in.u8()));
      case 0x47: // 'G' BINFLOAT
        return this.#push(this.#in.f64());
      case 0x58: // 'X' BINUNICODE
        return this.#push(this.#in.text(this.#in.u32()));
      case 0x8c: // SHORT_BINUNICODE
        return this.#push(this.#in.text(this.#in.u8()));
      case 0x54: // 'T' BINSTRING: a text of Python 2
        return this.#push(this.#in.text(this.#in.u32()));
      case 0x55: // 'U' SHORT_BINSTRING
        return this.#push(this.#in.text(this.#in.u8()));
      case 0x42: // 'B' BINBYTES
        return this.#push(this.#in.bytes(this.#in.u32()));
      case 0x43: // 'C' SHORT_BINBYTES
        return this.#push(this.#in.bytes(this.#in.u8()));
      default:
        return false;
    }
  }

  /** What the host must explain. */
  #meaning(operation: number): boolean {
    switch (operation) {
      case 0x63: // 'c' GLOBAL
        return this.#push(this.#host.global(this.#in.line(LONGEST_NAME), this.#in.line(LONGEST_NAME)));
      case 0x93: {
        // STACK_GLOBAL
        const [module, name] = this.#popped(2);
        if (typeof module !== 'string' || typeof name !== 'string') throw this.#fault('a name', 'something else');
        return this.#push(this.#host.global(module, name));
      }
      case 0x51: // 'Q' BINPERSID
        return this.#push(this.#host.persistent(this.#pop()));
      case 0x52: {
        // 'R' REDUCE
        const [called, args] = this.#popped(2);
        if (!isFunction(called) || !Array.isArray(args)) throw this.#fault('a call of a known function', 'another');
        return this.#push(called.call(args));
      }
      case 0x62: {
        // 'b' BUILD: attributes of an ordered dictionary, such as a state_dict's versions of its modules
        const state = this.#pop();
        if (!(this.#top() instanceof Map) || !(state instanceof Map)) {
          throw this.#fault('attributes of a dictionary', 'those of something else');
        }
        return true;
      }
      default:
        return false;
    }
  }

  #protocol(version: number): void {
    if (version < 2 || version > LAST_PROTOCOL) throw this.#fault('pickle protocol 2 to 5', `${version}`);
  }

  #frame(length: bigint): void {
    if (length > this.#in.left) throw this.#fault(`a frame of at most ${this.#in.left} bytes`, `${length}`);
  }

  /** Signed, little-endian. */
  #wholeNumber(width: number): number | bigint {
    if (width > WIDEST_NUMBER) throw this.#fault(`a number of at most ${WIDEST_NUMBER} bytes`, `${width} bytes`);
    let value = 0n;
    for (const [i, byte] of this.#in.bytes(width).entries()) value |= BigInt(byte) << BigInt(8 * i);
    value = BigInt.asIntN(8 * width, value);
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }

  #push(value: PickleValue): true {
    this.#stack.push(value);
    return true;
  }

  #pop(): PickleValue {
    const value = this.#stack.pop();
    if (value === undefined) throw this.#fault('a value', 'an empty stack');
    return value;
  }

  #top(): PickleValue {
    const value = this.#stack.at(-1);
    if (value === undefined) throw this.#fault('a value', 'an empty stack');
    return value;
  }

  /** The last `count` values, in order. */
  #popped(count: number): PickleList {
    if (this.#stack.length < count) throw this.#fault(`${count} values`, `${this.#stack.length}`);
    return this.#stack.splice(this.#stack.length - count, count);
  }

  #sinceMark(): PickleList {
    const before = this.#marked.pop();
    if (before === undefined) throw this.#fault('a mark', 'none');
    const values = this.#stack;
    this.#stack = before;
    return values;
  }

  /** Picklers number the memo's entries as they come. */
  #memorize(index: number): void {
    if (index !== this.#memo.size) throw this.#fault(`memo entry ${this.#memo.size}`, `${index}`);
    this.#memo.set(index, this.#top());
  }

  #recall(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined) throw this.#fault(`memo entry ${index}`, 'none');
    this.#stack.push(value);
  }

  #append(values: PickleList): void {
    const list = this.#top();
    if (!Array.isArray(list)) throw this.#fault('a list to append to', 'something else');
    for (const value of values) list.push(value);
  }

  #setItems(items: PickleList): void {
    const dict = this.#top();
    if (!(dict instanceof Map) || items.length % 2 !== 0) throw this.#fault('a dictionary and pairs', 'others');
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i] ?? null;
      if (dict.has(key))
        throw this.#fault('a key once in a dictionary', typeof key === 'string' ? `${key} again` : 'one again');
      dict.set(key, items[i + 1] ?? null);
    }
  }

  #fault(expected: string, received: string) {
    return checkpointFault(expected, received, this.#where);
  }
}
