/**
 * A file over HTTP: resumed where it broke off, measured against what the server said, hashed at the end.
 *
 *     FILE.part    what has come so far          ┐ both are left behind by a broken download, and taken up
 *     FILE.resume  whose it is: address, ETag    ┘ by the next one if the server still has the same file
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { brief } from '../errors/brief.js';
import { LimpidError, messageOf } from '../errors/limpid-error.js';

/** How far a download is. */
export interface DownloadProgress {
  readonly received: number;
  /** undefined where the server does not say. */
  readonly total: number | undefined;
}

/** Options of {@link download}. */
export interface DownloadOptions {
  /** Called after every piece. */
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined;
  /** Most bytes that are taken; default 1 GiB. */
  readonly maxBytes?: number | undefined;
  /** Longest wait for the next piece, in ms; default 30 s. */
  readonly stallTimeoutMs?: number | undefined;
  /** Connections that may break before it gives up; default 3. What has come is kept. */
  readonly attempts?: number | undefined;
}

/** Whose a partial file is. */
const resumeSchema = z.object({ url: z.string(), validator: z.string() });

/** The connection broke; what has come is good. */
class Broken extends Error {}

/**
 * Fetches `url` into `file` and gives its sha256. Throws ERR_DOWNLOAD with one sentence: no network, a refusal of the
 * server, a web page instead of a file, or a file that never ended; then running it again resumes.
 */
export async function download(url: string, file: string, options: DownloadOptions = {}): Promise<string> {
  const { attempts = 3 } = options;
  for (let attempt = 1; ; attempt++) {
    try {
      await receive(url, file, options);
      break;
    } catch (error) {
      if (!(error instanceof Broken)) throw error;
      if (attempt >= attempts) {
        const kept = await sizeOf(`${file}.part`);
        throw fault(
          `to fetch all of ${url}`,
          `${error.message} after ${kept} bytes; run it again to go on`,
          error.cause,
        );
      }
    }
  }
  await rename(`${file}.part`, file);
  await rm(`${file}.resume`, { force: true });
  return hashOf(file);
}

/** One connection: goes on where the last one broke off. */
async function receive(url: string, file: string, options: DownloadOptions): Promise<void> {
  const { maxBytes = 1024 ** 3, stallTimeoutMs = 30_000, onProgress } = options;
  const part = `${file}.part`;
  const before = await resumable(url, file);
  const abort = new AbortController();
  const stalled = new Broken(`nothing came for ${stallTimeoutMs / 1000} s`);
  let timer = setTimeout(() => abort.abort(stalled), stallTimeoutMs);
  try {
    const response = await request(url, before, abort.signal);
    const total = totalOf(response);
    if (total !== undefined && total > maxBytes)
      throw fault(`at most ${maxBytes} bytes from ${url}`, `received ${total}`);
    let received = response.status === 206 ? (before?.bytes ?? 0) : 0;
    if (received === 0) await begin(url, file, response);
    const handle = await open(part, received === 0 ? 'w' : 'a');
    try {
      onProgress?.({ received, total });
      for await (const piece of pieces(response)) {
        clearTimeout(timer);
        timer = setTimeout(() => abort.abort(stalled), stallTimeoutMs);
        received += piece.length;
        if (received > (total ?? maxBytes))
          throw fault(`${total ?? `at most ${maxBytes}`} bytes from ${url}`, 'received more');
        await handle.write(piece);
        onProgress?.({ received, total });
      }
    } finally {
      await handle.close();
    }
    if (total !== undefined && received < total) throw new Broken('the connection ended');
  } finally {
    clearTimeout(timer);
    abort.abort();
  }
}

interface Before {
  readonly bytes: number;
  readonly validator: string;
}

/** What an earlier download of the same address left, if the server gave it a mark to know the file by. */
async function resumable(url: string, file: string): Promise<Before | undefined> {
  const bytes = await sizeOf(`${file}.part`);
  const text = await readFile(`${file}.resume`, 'utf8').catch(() => '{}');
  const notes = resumeSchema.safeParse(parseJson(text));
  return bytes > 0 && notes.success && notes.data.url === url ? { bytes, validator: notes.data.validator } : undefined;
}

/** Notes whose file the new one is. A weak ETag doesn't say that bytes are the same. */
async function begin(url: string, file: string, { headers }: Response): Promise<void> {
  const etag = headers.get('etag');
  const validator = etag !== null && !etag.startsWith('W/') ? etag : headers.get('last-modified');
  if (validator === null) await rm(`${file}.resume`, { force: true });
  else await writeFile(`${file}.resume`, JSON.stringify({ url, validator }));
}

async function request(url: string, before: Before | undefined, signal: AbortSignal): Promise<Response> {
  const range = before && { range: `bytes=${before.bytes}-`, 'if-range': before.validator };
  // Compressed, lengths and ranges would be those of something else.
  const headers = { 'accept-encoding': 'identity', ...range };
  const response = await fetch(url, { headers, signal }).catch((cause: unknown) => {
    if (signal.reason instanceof Broken) throw signal.reason;
    const { host } = new URL(url);
    const sentence = `could not reach ${host} (${reasonOf(cause)}); check the network, or fetch the file elsewhere and use limpid import`;
    throw fault(`to fetch ${url}`, sentence, cause);
  });
  if (before && response.status === 416) {
    // Nothing beyond what is there: it was complete, or another file. Only the start tells.
    await response.body?.cancel();
    return request(url, undefined, signal);
  }
  const expected = before && response.status === 206 ? `bytes ${before.bytes}-` : undefined;
  if (expected !== undefined && !response.headers.get('content-range')?.startsWith(expected)) {
    await response.body?.cancel();
    return request(url, undefined, signal);
  }
  if (response.status !== 200 && expected === undefined) {
    await response.body?.cancel();
    throw fault(`a file at ${url}`, `received HTTP status ${response.status}`);
  }
  if (/^text\/html\b/i.test(response.headers.get('content-type') ?? '')) {
    await response.body?.cancel();
    throw fault(`a file at ${url}`, 'received a web page; open the address in a browser and use limpid import');
  }
  return response;
}

/** The body's pieces; a connection that breaks throws Broken. */
async function* pieces({ body }: Response): AsyncGenerator<Uint8Array> {
  if (body === null) return;
  const reader = body.getReader();
  for (;;) {
    const next = await reader.read().catch((cause: unknown) => {
      throw cause instanceof Broken ? cause : new Broken(`the connection broke (${reasonOf(cause)})`, { cause });
    });
    if (next.done) return;
    yield next.value;
  }
}

/** Size of the whole file, whichever part of it comes. */
function totalOf({ status, headers }: Response): number | undefined {
  const text = status === 206 ? headers.get('content-range')?.split('/')[1] : headers.get('content-length');
  return text !== undefined && text !== null && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** Code of the system's error beneath fetch's. */
function reasonOf(thrown: unknown): string {
  const cause = thrown instanceof Error ? thrown.cause : undefined;
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return typeof code === 'string' ? code : brief(messageOf(cause ?? thrown));
}

async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(file)) hash.update(piece as Uint8Array);
  return hash.digest('hex');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function fault(expected: string, received: string, cause?: unknown): LimpidError {
  return new LimpidError('ERR_DOWNLOAD', `Expected ${expected} but ${received}`, { cause });
}
