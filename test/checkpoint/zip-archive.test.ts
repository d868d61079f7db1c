import { describe, expect, it } from 'vitest';
import { isZip, openZip } from '../../src/checkpoint/zip-archive.js';
import { LimpidError } from '../../src/errors/limpid-error.js';
import { checkpointFixture } from '../fixtures/checkpoints.js';
import { writeZip } from './zip-writer.js';

const good = Buffer.from(
  writeZip(
    new Map([
      ['a/one', Buffer.from('eins')],
      ['a/two', Buffer.from('zwei zwei')],
    ]),
  ),
);
/** Where the first record of the directory and the end record stand. */
const record = good.indexOf('PK\u0001\u0002');
const end = good.indexOf('PK\u0005\u0006');

/** The archive with some bytes changed. */
function changed(at: number, ...bytes: readonly number[]): Uint8Array {
  const copy = Buffer.from(good);
  copy.set(bytes, at);
  return copy;
}

it('reads the entries that torch writes, as views of the file', () => {
  const { bytes } = checkpointFixture('zip-params');
  const zip = openZip(bytes, 'a.pth');
  const root = zip.names[0]?.split('/')[0];
  expect(zip.names).toEqual(expect.arrayContaining([`${root}/data.pkl`, `${root}/data/0`, `${root}/version`]));
  expect(Buffer.from(zip.read(`${root}/byteorder`) ?? '').toString()).toBe('little');
  expect(zip.read(`${root}/data.pkl`)?.buffer).toBe(bytes.buffer);
  expect(zip.read('nothing')).toBeUndefined();
});

it('reads an archive with a comment', () => {
  const commented = Buffer.concat([changed(end + 20, 3), Buffer.from('abc')]);
  expect(openZip(commented, 'a.pth').names).toEqual(['a/one', 'a/two']);
});

it('knows an archive by its first bytes', () => {
  expect(isZip(good)).toBe(true);
  expect(isZip(good.subarray(0, 3))).toBe(false);
  expect(isZip(changed(0, 0))).toBe(false);
});

describe('hostile archives', () => {
  it.each([
    [
      'a file cut short',
      good.subarray(0, good.length - 1),
      'Expected the directory at the end of a zip but received none; the file is cut short',
    ],
    [
      'an empty file',
      new Uint8Array(),
      'Expected the directory at the end of a zip but received none; the file is cut short',
    ],
    [
      'more entries than records',
      changed(end + 10, 200),
      `Expected a zip directory of 200 entries but received no record at byte ${end}`,
    ],
    [
      'a directory elsewhere',
      changed(end + 16, 1),
      'Expected a zip directory of 2 entries but received no record at byte 1',
    ],
    [
      'a directory beyond the file',
      changed(end + 16, 0xff, 0xff, 0xff, 0xff),
      'Expected a zip directory of 2 entries but received no record at byte 4294967295',
    ],
    [
      'a name longer than the directory',
      changed(record + 28, 0xff, 0xff),
      `Expected a zip directory inside the file but received a record at byte ${record} beyond it`,
    ],
    ['an encrypted entry', changed(record + 8, 1), 'Expected a zip without encryption but received a/one encrypted'],
    [
      'a compressed entry, which could be a bomb',
      changed(record + 10, 8),
      'Expected stored zip entries, as torch.save writes but received a/one compressed by method 8',
    ],
    ['two sizes of one entry', changed(record + 20, 5), 'Expected a stored size of 4 for a/one but received 5'],
    [
      'a zip64 entry',
      changed(record + 20, ...new Array(8).fill(0xff)),
      'Expected an archive below 4 GiB but received a zip64 entry',
    ],
    [
      'an entry larger than the file',
      changed(record + 20, 0, 0, 0, 1, 0, 0, 0, 1),
      'Expected 16777216 bytes of a/one but received a file that ends before',
    ],
    [
      'an entry that is none',
      changed(record + 42, 1),
      'Expected the zip entry a/one at byte 1 but received something else',
    ],
    [
      'a header beyond the file',
      changed(record + 42, 0, 0, 0, 0x7f),
      'Expected the zip entry a/one at byte 2130706432 but received something else',
    ],
    [
      'two entries of a name',
      changed(record + 46 + 5 + 46 + 2, ...Buffer.from('one')),
      'Expected one entry of a name but received two of a/one',
    ],
  ])('%s', (_, bytes, message) => {
    expect(() => openZip(bytes, 'a.pth')).toThrow(new LimpidError('ERR_CHECKPOINT', `${message} (a.pth)`));
  });

  it('entries that lie over each other', () => {
    const many = new Map(Array.from({ length: 50 }, (_, i) => [`e${i}`, Buffer.alloc(1000)]));
    const zip = Buffer.from(writeZip(many));
    const all = zip.length;
    let at = zip.indexOf('PK\u0001\u0002');
    for (let i = 0; i < 50; i++, at = zip.indexOf('PK\u0001\u0002', at + 1)) {
      zip.writeUInt32LE(all / 4, at + 20);
      zip.writeUInt32LE(all / 4, at + 24);
      zip.writeUInt32LE(0, at + 42);
    }
    expect(() => openZip(zip, 'a.pth')).toThrow('Expected entries that fit into the file but received larger ones');
  });

  it('bytes that are not those of the CRC', () => {
    const zip = openZip(changed(30 + 'a/one'.length, 0), 'a.pth');
    expect(() => zip.read('a/one')).toThrow(
      new LimpidError(
        'ERR_CHECKPOINT',
        'Expected a/one as its CRC says but received other bytes; the file is damaged (a.pth)',
      ),
    );
    expect(Buffer.from(zip.read('a/two') ?? '').toString()).toBe('zwei zwei');
  });
});
