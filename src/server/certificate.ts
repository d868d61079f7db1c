/**
 * The certificate of a server that speaks TLS: read, checked, and read again when it was renewed.
 */
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { LimpidError, messageOf } from '../errors/limpid-error.js';
import type { ServerSettings } from './server-settings.js';

export type TlsSettings = NonNullable<ServerSettings['tls']>;

/** A certificate with its key, PEM. */
export interface Certificate {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Reads a certificate. Rejects with ERR_CONFIG when a file can't be read or the two don't belong together. */
export async function readCertificate(settings: TlsSettings): Promise<Certificate> {
  const [cert, key] = await Promise.all([readPem('cert', settings.cert), readPem('key', settings.key)]);
  try {
    createSecureContext({ cert, key });
  } catch (cause) {
    throw new LimpidError(
      'ERR_CONFIG',
      `Expected a PEM certificate and its key in server.tls but received ${settings.cert} and ${settings.key}: ${messageOf(cause)}`,
      { cause },
    );
  }
  return { cert, key };
}

/** Whether two readings are of the same certificate. */
export function sameCertificate(a: Certificate, b: Certificate): boolean {
  return a.cert.equals(b.cert) && a.key.equals(b.key);
}

async function readPem(what: 'cert' | 'key', file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new LimpidError('ERR_CONFIG', `Expected a readable file for server.tls.${what}: ${messageOf(cause)}`, {
      cause,
    });
  }
}
