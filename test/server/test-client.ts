/**
 * A WebSocket client that waits for what a test expects next.
 */
import { type IncomingHttpHeaders, request } from 'node:http';
import { WebSocket } from 'ws';
import { decodeFrameMessage, type FrameMessage } from '../../src/wire/frame-message.js';
import { type HelloMessage, parseServerMessage, type ServerMessage } from '../../src/wire/json-message.js';
import { decodeSoundMessage, isSoundMessage, type SoundMessage } from '../../src/wire/sound-message.js';

type Received = ServerMessage | FrameMessage;

/** Whether a received message is a frame. */
export function isFrame(message: Received): message is FrameMessage {
  return 'seq' in message;
}

/** A viewer in a test. */
export class TestClient {
  readonly socket: WebSocket;
  readonly frames: FrameMessage[] = [];
  readonly received: Received[] = [];
  readonly sound: SoundMessage[] = [];
  #watchers = new Set<() => void>();

  constructor(url: string, headers: Readonly<Record<string, string>> = {}) {
    this.socket = new WebSocket(url.replace(/^http/, 'ws'), { headers });
    this.socket.on('message', (data: Buffer, isBinary: boolean) => {
      const bytes = new Uint8Array(data);
      if (isBinary && isSoundMessage(bytes.buffer)) {
        this.sound.push(decodeSoundMessage(bytes.buffer));
        this.#notify();
        return;
      }
      const message = isBinary ? decodeFrameMessage(bytes) : parseServerMessage(data.toString());
      if (message !== undefined) {
        this.received.push(message);
        if (isFrame(message)) {
          this.frames.push(message);
        }
      }
      this.#notify();
    });
    this.socket.on('close', () => this.#notify());
    this.socket.on('error', () => this.#notify());
  }

  /** Resolves when `condition` holds; looked at after every message. */
  until<T>(condition: () => T | undefined | false): Promise<T> {
    return new Promise((resolve) => {
      const look = () => {
        const value = condition();
        if (value !== undefined && value !== false) {
          this.#watchers.delete(look);
          resolve(value);
        }
      };
      this.#watchers.add(look);
      look();
    });
  }

  /** The first message of a type. */
  message<T extends ServerMessage['type']>(type: T): Promise<Extract<ServerMessage, { type: T }>> {
    return this.until(() => {
      for (const message of this.received) {
        if ('type' in message && message.type === type) {
          return message as Extract<ServerMessage, { type: T }>;
        }
      }
      return undefined;
    });
  }

  hello(): Promise<HelloMessage> {
    return this.message('hello');
  }

  /** The frame numbered `seq`. */
  frame(seq: number): Promise<FrameMessage> {
    return this.until(() => this.frames.find((frame) => frame.seq === seq));
  }

  /** Resolves with the close code. */
  closed(): Promise<number> {
    return new Promise((resolve) => this.socket.on('close', resolve));
  }

  #notify(): void {
    for (const watcher of [...this.#watchers]) {
      watcher();
    }
  }
}

/** The HTTP status with which an upgrade is refused (101: it was not). */
export function upgradeStatus(url: string, headers: Readonly<Record<string, string>> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url.replace(/^http/, 'ws'), { headers });
    socket.on('unexpected-response', (_request, response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    socket.on('open', () => {
      socket.terminate();
      resolve(101);
    });
    socket.on('error', reject);
  });
}

/** What a plain GET of an exact path gives; nothing is normalised on the way. */
export interface RawResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** A request exactly as written. */
export interface RawRequest {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Sends a request; nothing of its path is normalised on the way. */
export function rawRequest(port: number, { method, path, headers, body }: RawRequest): Promise<RawResponse> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, method, path, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(chunks).toString(),
        }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** GETs a path exactly as written, dots and all. */
export function rawGet(
  port: number,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<RawResponse> {
  return rawRequest(port, { path, headers });
}
