/**
 * The boxes of an MP4 file (ISO/IEC 14496-12), and its index among them.
 *
 *     u32 bytes, type ─ body, which may be boxes again          u32 1, type, u64 bytes ─ body, where it is large
 */
import type { FileHandle } from 'node:fs/promises';

/** One box; its body is a view, never a copy. */
export interface Box {
  readonly type: string;
  readonly body: Buffer;
}

/** The index of a file. */
export interface Moov {
  readonly body: Buffer;
  /** Where the body begins in the file. */
  readonly offset: number;
}

/** Most bytes of an index: some 5 million samples. */
const MAX_INDEX_BYTES = 1 << 26;
const MAX_TOP_LEVEL_BOXES = 10_000;

/** The index, wherever it stands among the boxes of the file. */
export async function readMoov(file: FileHandle): Promise<Moov | null> {
  const { size } = await file.stat();
  const head = Buffer.alloc(16);
  for (let at = 0, seen = 0; at + 8 <= size && seen < MAX_TOP_LEVEL_BOXES; seen += 1) {
    await file.read(head, 0, head.length, at);
    const type = head.toString('latin1', 4, 8);
    const stated = head.readUInt32BE(0);
    const bytes = stated === 1 ? Number(head.readBigUInt64BE(8)) : stated === 0 ? size - at : stated;
    const headBytes = stated === 1 ? 16 : 8;
    if ((seen === 0 && type !== 'ftyp') || bytes < headBytes) {
      return null;
    }
    if (type === 'moov') {
      const bodyBytes = bytes - headBytes;
      if (at + bytes > size || bodyBytes > MAX_INDEX_BYTES) {
        return null;
      }
      const body = Buffer.alloc(bodyBytes);
      await file.read(body, 0, bodyBytes, at + headBytes);
      return { body, offset: at + headBytes };
    }
    at += bytes;
  }
  return null;
}

/** The first box down a path of types. */
export function within(body: Buffer, ...path: readonly string[]): Buffer | undefined {
  return path.reduce<Buffer | undefined>(
    (inner, type) => (inner === undefined ? undefined : find(boxesIn(inner), type)),
    body,
  );
}

/** The first box of a type. */
export function find(boxes: readonly Box[], type: string): Buffer | undefined {
  return boxes.find((box) => box.type === type)?.body;
}

/** Boxes that lie side by side; what comes after a damaged one is left out. */
export function boxesIn(body: Buffer): Box[] {
  const boxes: Box[] = [];
  for (let at = 0; at + 8 <= body.length; ) {
    const bytes = body.readUInt32BE(at);
    if (bytes < 8 || at + bytes > body.length) {
      break;
    }
    boxes.push({ type: body.toString('latin1', at + 4, at + 8), body: body.subarray(at + 8, at + bytes) });
    at += bytes;
  }
  return boxes;
}
