/**
 * torch's fingerprint of an archive: an entry of forty digits that torch.save has written since version 2.1.
 *
 *     .data/serialization_id   hash of the names, 20 digits │ hash of the entries' CRCs in the order of the file, 20 digits
 *
 * The first half depends on the C++ library that wrote it and can't be told here; the second can.
 */
import { brief } from '../errors/brief.js';
import { checkpointFault } from './fault.js';
import type { ZipArchive } from './zip-archive.js';

const DIGITS = 40;

/** Holds an archive to its fingerprint, where it has one. `folder` ends in "/". Throws ERR_CHECKPOINT. */
export function checkSerializationId(zip: ZipArchive, folder: string, where: string): void {
  const name = `${folder}.data/serialization_id`;
  const bytes = zip.read(name);
  if (bytes === undefined) return;
  const id = Buffer.from(bytes).toString('latin1');
  if (id.length !== DIGITS || !/^\d+$/.test(id)) {
    throw checkpointFault(`${DIGITS} digits in ${brief(name)}`, brief(id), where);
  }
  const crcs = zip.names.filter((other) => other !== name).map((other) => BigInt(zip.crc(other) ?? 0));
  if (BigInt(id.slice(DIGITS / 2)) !== crcs.reduce(hashCombine, 0n)) {
    throw checkpointFault('the entries that torch.save put into the archive', 'others; it was changed since', where);
  }
}

/** Boost's, of 64 bits, as torch has it. */
function hashCombine(seed: bigint, value: bigint): bigint {
  return seed ^ BigInt.asUintN(64, value + 0x9e3779b9n + (seed << 6n) + (seed >> 2n));
}
