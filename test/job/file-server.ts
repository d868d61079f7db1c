/**
 * An HTTP server on loopback that gives one file, with ranges, and breaks off where a test wants it.
 */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How the next answers differ from a plain file with an ETag. */
export interface Manner {
  /** The connection breaks after so many bytes of each of these answers, in order, once the client has {@link FileServer.seen} them. */
  readonly breaks?: number[];
  readonly etag?: string | null;
  /** Nothing follows these bytes, and the connection stays open. */
  readonly stallAfter?: number;
  /** Replaces the whole answer. */
  readonly answer?: (response: ServerResponse) => void;
  /** No Content-Length: pieces. */
  readonly chunked?: boolean;
}

/** A running server. */
export interface FileServer {
  readonly url: string;
  /** Headers of the requests so far. */
  readonly requests: readonly IncomingHttpHeaders[];
  manner: Manner;
  content: Uint8Array;
  /** The client tells how many bytes of the file it has: what is still under way is lost when a connection breaks. */
  seen(bytes: number): void;
  close(): Promise<void>;
}

/** Starts a server on a free port. */
export async function startFileServer(content: Uint8Array): Promise<FileServer> {
  const requests: IncomingHttpHeaders[] = [];
  const state = { manner: {} as Manner, content };
  let breaking: { readonly at: number; readonly response: ServerResponse } | undefined;
  const server = createServer((request, response) => {
    requests.push(request.headers);
    const { manner } = state;
    if (manner.answer) {
      manner.answer(response);
      return;
    }
    const etag = manner.etag === undefined ? '"one"' : manner.etag;
    const { range, 'if-range': ifRange } = request.headers;
    const from = range !== undefined && ifRange === etag ? Number(/^bytes=(\d+)-$/.exec(range)?.[1]) : 0;
    const whole = state.content;
    if (from >= whole.length) {
      response.writeHead(416).end();
      return;
    }
    const body = whole.subarray(from);
    response.writeHead(from > 0 ? 206 : 200, {
      'content-type': 'application/octet-stream',
      ...(manner.chunked ? {} : { 'content-length': body.length }),
      ...(etag === null ? {} : { etag }),
      ...(from > 0 ? { 'content-range': `bytes ${from}-${whole.length - 1}/${whole.length}` } : {}),
    });
    const end = manner.breaks?.shift() ?? manner.stallAfter;
    if (end === undefined) {
      response.end(body);
    } else {
      response.write(body.subarray(0, end));
      if (manner.stallAfter === undefined) breaking = { at: from + end, response };
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(state, {
    url: `http://127.0.0.1:${port}/file.pth`,
    requests,
    seen: (bytes: number) => {
      if (breaking !== undefined && bytes >= breaking.at) breaking.response.destroy();
    },
    close: () => {
      server.closeAllConnections();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  });
}
