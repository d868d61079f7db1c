import { describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../src/checkpoint/checkpoint.js';
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
/** Where the second entry stands. */
const second = good.indexOf('PK\u0003\u0004', 4);

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
      changed(end + 8, 200, 0, 200),
      `Expected a zip directory of 200 entries but received no record at byte ${end}`,
    ],
    [
      'a directory elsewhere',
      changed(end + 16, 1),
      `Expected a zip directory that ends before byte ${end} but received one of byte 1 to ${end - record + 1}`,
    ],
    [
      'a directory beyond the file',
      changed(end + 16, 0xff, 0xff, 0xff, 0xff),
      `Expected a zip directory that ends before byte ${end} but received one of byte 4294967295 to ${0xffffffff + end - record}`,
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
    ['an entry elsewhere', changed(record + 42, 1), 'Expected the zip entry a/one at byte 0 but received byte 1'],
    [
      'an entry that is none',
      changed(second, 0),
      `Expected the zip entry a/two at byte ${second} but received something else`,
    ],
    [
      'a comment',
      changed(end + 20, 1),
      'Expected the directory at the end of a zip but received none; the file is cut short',
    ],
    ['a part of several', changed(end + 4, 1), 'Expected a zip of one part but received a part of several'],
    [
      'attributes of a file',
      changed(record + 38, 1),
      'Expected a/one described as torch.save does but received another attributes field; load and save it again with torch',
    ],
    ['two dates of an entry', changed(12, 1), 'Expected date 0 of a/one in its header but received 1'],
    ['two names of an entry', changed(30, 0x62), 'Expected the name a/one at byte 30 but received another'],
    [
      'two sizes in its headers',
      changed(18, 1),
      'Expected the CRC and size of a/one in its header but received others',
    ],
    ['padding that is none', changed(28, 1), 'Expected padding before the data of a/one but received something else'],
    [
      'bytes that are not those of the CRC',
      changed(30 + 'a/one'.length, 0),
      'Expected a/one as its CRC says but received other bytes; the file is damaged',
    ],
    [
      'two entries of a name',
      changed(record + 46 + 5 + 46 + 2, ...Buffer.from('one')),
      'Expected one entry of a name but received two of a/one',
    ],
  ])('%s', (_, bytes, message) => {
    expect(() => openZip(bytes, 'a.pth')).toThrow(new LimpidError('ERR_CHECKPOINT', `${message} (a.pth)`));
  });

  it('bytes that belong to no entry', () => {
    const more = Buffer.concat([good.subarray(0, record), Buffer.alloc(2), good.subarray(record)]);
    more.writeUInt32LE(record + 2, end + 2 + 16);
    expect(() => openZip(more, 'a.pth')).toThrow(
      `Expected the zip directory at byte ${record} but received byte ${record + 2} (a.pth)`,
    );
  });
});

describe('any byte of what torch wrote', () => {
  const { bytes } = checkpointFixture('zip-strided');
  const descriptor = Buffer.from(bytes).indexOf('PK\u0007\b');
  const zip64 = Buffer.from(bytes).indexOf('PK\u0006\u0006');
  const places = [
    ...Array.from({ length: 64 }, (_, i) => i),
    ...Array.from({ length: 16 }, (_, i) => descriptor + i),
    ...Array.from({ length: bytes.length - zip64 }, (_, i) => zip64 + i),
  ];

  it('may not be another', () => {
    for (const at of places) {
      const copy = Uint8Array.from(bytes);
      copy[at] = (copy[at] ?? 0) ^ 1;
      expect(() => openCheckpoint(copy, 'a.pth'), `byte ${at}`).toThrow(LimpidError);
    }
  });
});
