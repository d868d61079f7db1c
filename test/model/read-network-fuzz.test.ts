/**
 * 10 000 damaged checkpoints: each is refused with a sentence, or read as the network that it still is.
 */
import { describe, expect, it } from 'vitest';
import { openZip } from '../../src/checkpoint/zip-archive.js';
import type { EdvrWeights } from '../../src/edvr/parameters.js';
import { LimpidError } from '../../src/errors/limpid-error.js';
import { type ReadNetwork, readNetwork } from '../../src/model/read-network.js';
import { op } from '../checkpoint/pickle-writer.js';
import { writeZip } from '../checkpoint/zip-writer.js';
import { checkpointFixture } from '../fixtures/checkpoints.js';
import { mutated } from '../fixtures/mutations.js';
import { type SeededRandom, seededRandom } from '../wire/seeded-random.js';

/** Longest that one file may take: far more than any does, on a busy machine as well. */
const LONGEST_MS = 5_000;
/** Most that the process may grow while it reads thousands of files of 20 to 30 KiB. */
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

interface Count {
  refused: number;
  read: number;
  longestMs: number;
}

/** Reads one file after the other and holds what every one of them must keep. */
function readAll(
  files: number,
  make: (random: SeededRandom) => Uint8Array,
  onRead: (network: ReadNetwork) => void,
): Count {
  const random = seededRandom(files);
  const count: Count = { refused: 0, read: 0, longestMs: 0 };
  for (let i = 0; i < files; i++) {
    const file = make(random);
    const startMs = performance.now();
    try {
      const network = readNetwork(file, 'a.pth');
      const bytes = [...network.weights.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
      if (bytes > 8 * file.length) throw new Error(`file ${i}: ${bytes} bytes of tensors out of ${file.length}`);
      onRead(network);
      count.read += 1;
    } catch (error) {
      if (!(error instanceof LimpidError) || !/^Expected \P{Cc}+ \(a\.pth\)$/u.test(error.message)) {
        throw new Error(`file ${i} is not refused with a sentence`, { cause: error });
      }
      count.refused += 1;
    }
    count.longestMs = Math.max(count.longestMs, performance.now() - startMs);
  }
  return count;
}

/** The sum of these over the three groups is 10 000. */
const FILES = { zip: 3000, sealed: 4000, legacy: 3000 };

describe('damaged checkpoints', () => {
  const peakBefore = process.resourceUsage().maxRSS * 1024;
  const zip = checkpointFixture('zip-strided').bytes;
  const original = readNetwork(zip, 'a.pth').weights;
  const finite = ({ weights }: ReadNetwork) => {
    for (const { data } of weights.values()) if (!data.every(Number.isFinite)) throw new Error('read, but not finite');
  };

  it(`of the zip format: ${FILES.zip}, and one that is read is the original`, () => {
    // Every byte that means anything is under a CRC or is checked; what is left are dates, attributes and padding.
    const count = readAll(
      FILES.zip,
      (random) => mutated(zip, random, pieces),
      ({ weights }) => expectSame(weights, original),
    );
    expect(count.longestMs).toBeLessThan(LONGEST_MS);
    expect(count.refused).toBeGreaterThan(0.75 * FILES.zip);
    report('zip', count);
  });

  it(`of the zip format under CRCs that are right: ${FILES.sealed}`, () => {
    const archive = openZip(zip, 'a.pth');
    const entries = new Map(archive.names.map((name) => [name, archive.read(name) ?? new Uint8Array()]));
    const pickles = archive.names.filter((name) => name.endsWith('data.pkl'));
    const count = readAll(
      FILES.sealed,
      (random) => {
        const names = random.integer(8) === 0 ? archive.names : pickles;
        const name = names[random.integer(names.length)] ?? '';
        return writeZip(new Map([...entries, [name, mutated(entries.get(name) ?? zip, random, pieces)]]));
      },
      finite,
    );
    expect(count.longestMs).toBeLessThan(LONGEST_MS);
    expect(count.refused).toBeGreaterThan(0.75 * FILES.sealed);
    report('sealed zip', count);
  });

  it(`of the legacy format: ${FILES.legacy}`, () => {
    // Nothing guards the values: a changed weight is read as it stands, as PyTorch reads it.
    const { bytes } = checkpointFixture('legacy-top-level-half');
    const count = readAll(FILES.legacy, (random) => mutated(bytes, random, pieces), finite);
    expect(count.longestMs).toBeLessThan(LONGEST_MS);
    expect(count.refused).toBeGreaterThan(0.5 * FILES.legacy);
    report('legacy', count);
  });

  it('take no more memory than a bound', () => {
    expect(process.resourceUsage().maxRSS * 1024 - peakBefore).toBeLessThan(MOST_BYTES);
  });
});

function expectSame(weights: EdvrWeights, original: EdvrWeights): void {
  for (const [key, { data }] of original) {
    if (!Buffer.from(data.buffer).equals(Buffer.from(weights.get(key)?.data.buffer ?? new ArrayBuffer(0)))) {
      throw new Error(`read, but ${key} is another`);
    }
  }
}

/** What became of the files, for whoever reads the log. */
function report(what: string, { refused, read, longestMs }: Count): void {
  process.stderr.write(`${what}: ${refused} refused, ${read} read, ${longestMs.toFixed(0)} ms at most\n`);
}
