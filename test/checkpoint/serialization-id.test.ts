import { describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../src/checkpoint/checkpoint.js';
import { openZip } from '../../src/checkpoint/zip-archive.js';
import { LimpidError } from '../../src/errors/limpid-error.js';
import { checkpointFixture } from '../fixtures/checkpoints.js';
import { writeZip } from './zip-writer.js';

const zip = openZip(checkpointFixture('zip-params').bytes, 'a.pth');
const entries = new Map(zip.names.map((name) => [name, zip.read(name) ?? new Uint8Array()]));
const id = zip.names.find((name) => name.endsWith('serialization_id')) ?? '';

/** The archive with one entry in another's place, under a CRC that is right. */
const sealed = (name: string, bytes: Uint8Array) => writeZip(new Map([...entries, [name, bytes]]));

describe("torch's fingerprint of an archive", () => {
  it('is that of the archive as it was written', () => {
    expect(openCheckpoint(writeZip(entries), 'a.pth').tensors.size).toBeGreaterThan(0);
  });

  it('tells of a weight that was changed, though its CRC was made right', () => {
    const name = zip.names.find((one) => one.endsWith('data/0')) ?? '';
    const changed = Uint8Array.from(entries.get(name) ?? []);
    changed[0] = (changed[0] ?? 0) ^ 1;
    expect(() => openCheckpoint(sealed(name, changed), 'a.pth')).toThrow(
      new LimpidError(
        'ERR_CHECKPOINT',
        'Expected the entries that torch.save put into the archive but received others; it was changed since (a.pth)',
      ),
    );
  });

  it('has forty digits', () => {
    expect(() => openCheckpoint(sealed(id, Buffer.from('12')), 'a.pth')).toThrow(
      `Expected 40 digits in ${id} but received 12 (a.pth)`,
    );
  });

  it('is missing from the files of older versions', () => {
    const older = new Map([...entries].filter(([name]) => name !== id));
    expect(openCheckpoint(writeZip(older), 'a.pth').tensors.size).toBeGreaterThan(0);
  });
});
