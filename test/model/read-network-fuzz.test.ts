/**
 * 10 000 damaged checkpoints, 5000 of each format, and 3000 that someone sealed again. Each is refused with a sentence;
 * what no reader of a format without checksums can refuse, a changed weight, is told by the file's digest.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkDigest } from '../../src/checkpoint/file-digest.js';
import { unpickle } from '../../src/checkpoint/pickle.js';
import { torchHost } from '../../src/checkpoint/torch-objects.js';
import { openZip } from '../../src/checkpoint/zip-archive.js';
import { LimpidError } from '../../src/errors/limpid-error.js';
import { type ReadNetwork, readNetwork } from '../../src/model/read-network.js';
import { elementCount } from '../../src/onnx/tensor.js';
import { op } from '../checkpoint/pickle-writer.js';
import { writeZip } from '../checkpoint/zip-writer.js';
import { checkpointFixture, checkpointFixtures } from '../fixtures/checkpoints.js';
import { mutated } from '../fixtures/mutations.js';
import { type SeededRandom, seededRandom } from '../wire/seeded-random.js';

const FILES = { zip: 5000, legacy: 5000, sealed: 3000 };
/** Longest that one file may keep the processor busy: far more than any does. */
const LONGEST_MS = 5_000;
/** Most that the process may grow while it reads thousands of files of 18 to 48 KiB. */
const MOST_BYTES = 256 * 2 ** 20;

const pieces: readonly Uint8Array[] = [
  Buffer.concat([op.global('os', 'system'), op.text('touch pwned'), op.tuple1, op.reduce]),
  Buffer.concat([op.global('torch', 'FloatStorage'), op.emptyTuple, op.reduce]),
  op.int(2 ** 31 - 1),
  op.long(...new Array(16).fill(0x7f)),
  Buffer.concat([op.list, op.put(0), op.get(0), op.append]),
  op.stop,
  op.mark,
  op.persistent,
  Buffer.from('PK\u0001\u0002'),
  Buffer.from('PK\u0005\u0006'),
];

/** A damaged file, and what it was before. */
interface Damaged {
  readonly file: Uint8Array;
  readonly original: Uint8Array;
}

interface Count {
  refused: number;
  read: number;
  longestMs: number;
}

/** Reads one file after the other and holds what every one of them must keep. */
function readAll(files: number, make: (random: SeededRandom) => Damaged, onRead: (damaged: Damaged) => void): Count {
  const random = seededRandom(files);
  const count: Count = { refused: 0, read: 0, longestMs: 0 };
  for (let i = 0; i < files; i++) {
    const damaged = make(random);
    const start = process.cpuUsage();
    const network = readOrRefuse(damaged.file, i);
    const { user, system } = process.cpuUsage(start);
    count.longestMs = Math.max(count.longestMs, (user + system) / 1000);
    if (network === undefined) {
      count.refused += 1;
      continue;
    }
    count.read += 1;
    checkWhole(network, damaged, i);
    onRead(damaged);
  }
  expect(count.longestMs).toBeLessThan(LONGEST_MS);
  return count;
}

/** The network, or undefined for a file that is refused with a sentence; anything else that is thrown fails the test. */
function readOrRefuse(file: Uint8Array, i: number): ReadNetwork | undefined {
  try {
    return readNetwork(file, 'a.pth');
  } catch (error) {
    if (error instanceof LimpidError && /^Expected \P{Cc}+ \(a\.pth\)$/u.test(error.message)) return undefined;
    throw new Error(`file ${i} is not refused with a sentence`, { cause: error });
  }
}

const originalNetworks = new Map<Uint8Array, ReadNetwork>();

/** A network of the original's tensors and shapes, every weight a number, no larger than a bound. */
function checkWhole({ weights, options }: ReadNetwork, { file, original }: Damaged, i: number): void {
  const before = originalNetworks.get(original) ?? readNetwork(original, 'a.pth');
  originalNetworks.set(original, before);
  expect(options, `file ${i}`).toEqual(before.options);
  expect([...weights].map(shapeOf), `file ${i}`).toEqual([...before.weights].map(shapeOf));
  for (const [key, { dims, data }] of weights) {
    if (data.length !== elementCount(dims) || !data.every(Number.isFinite)) throw new Error(`file ${i}: ${key}`);
  }
  const bytes = [...weights.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
  expect(bytes, `file ${i}`).toBeLessThanOrEqual(8 * file.length);
}

const shapeOf = ([key, { dims }]: readonly [string, { readonly dims: readonly number[] }]) => `${key} [${dims}]`;

/** The smaller files of a format as torch wrote them. */
const fixturesOf = (format: string): readonly Uint8Array[] =>
  checkpointFixtures()
    .filter(({ name, bytes }) => name.startsWith(format) && bytes.length < 50_000)
    .map(({ bytes }) => bytes);
const anyOf = <T>(random: SeededRandom, values: readonly T[]): T => values[random.integer(values.length)] as T;

describe('damaged checkpoints', () => {
  const peakBefore = process.resourceUsage().maxRSS * 1024;

  it(`of the zip format: each of ${FILES.zip} is refused`, () => {
    const originals = fixturesOf('zip');
    const make = (random: SeededRandom) => {
      const original = anyOf(random, originals);
      return { original, file: mutated(original, random, pieces) };
    };
    const count = readAll(FILES.zip, make, () => {});
    report('zip', count);
    expect(count).toMatchObject({ refused: FILES.zip, read: 0 });
  });

  const legacy = fixturesOf('legacy');
  const share = FILES.legacy / legacy.length;
  it.each(legacy)(
    `of the legacy format: each of ${share} of a file is refused, but for weights that are others`,
    (original) => {
      const data = storagesAt(original);
      const digest = sha256(original);
      let told = 0;
      const make = (random: SeededRandom) => ({ original, file: mutated(original, random, pieces) });
      const count = readAll(share, make, ({ file }) => {
        if (!Buffer.from(file.subarray(0, data)).equals(original.subarray(0, data))) told += 1;
        expect(() => checkDigest(sha256(file), 'net.pth', digest.slice(0, 8))).toThrow(LimpidError);
      });
      report('legacy', count);
      expect(count.refused).toBeGreaterThan(0.85 * share);
      // What is said of them is another in hardly any: a tensor that begins elsewhere in a shared storage, another device.
      expect(told).toBeLessThan(0.005 * share);
    },
  );

  it(`of the zip format, sealed again as older versions of torch do: ${FILES.sealed}`, () => {
    const zip = openZip(checkpointFixture('zip-strided').bytes, 'a.pth');
    const names = zip.names.filter((name) => !name.endsWith('serialization_id'));
    const entries = new Map(names.map((name) => [name, zip.read(name) ?? new Uint8Array()]));
    const pickle = names.find((name) => name.endsWith('data.pkl')) ?? '';
    const original = writeZip(entries);
    const make = (random: SeededRandom) => {
      const name = random.integer(8) === 0 ? anyOf(random, names) : pickle;
      const entry = mutated(entries.get(name) ?? new Uint8Array(), random, pieces);
      return { original, file: writeZip(new Map([...entries, [name, entry]])) };
    };
    const count = readAll(FILES.sealed, make, () => {});
    report('sealed zip', count);
    expect(count.refused).toBeGreaterThan(0.95 * FILES.sealed);
  });

  it('execute nothing, and take no more memory than a bound', () => {
    expect(existsSync('pwned')).toBe(false);
    expect(process.resourceUsage().maxRSS * 1024 - peakBefore).toBeLessThan(MOST_BYTES);
  });
});

/** Where the storages of a legacy file begin: behind its five pickles. */
function storagesAt(bytes: Uint8Array): number {
  const host = torchHost((storage) => storage, 'a.pth');
  let at = 0;
  for (let i = 0; i < 5; i++) at += unpickle(bytes.subarray(at), host, 'a.pth').length;
  return at;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** What became of the files, for whoever reads the log. */
function report(what: string, { refused, read, longestMs }: Count): void {
  process.stderr.write(`${what}: ${refused} refused, ${read} read, ${longestMs.toFixed(0)} ms at most\n`);
}
