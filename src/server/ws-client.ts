/**
 * One WebSocket viewer: what it gets, what it may say, and how it is kept from holding anybody up.
 *
 * A frame is handed to the socket only while little is waiting in this process (`bufferedAmount`) and the client answers
 * pings in time. The second rule sees what the first can't: megabytes in the kernel's buffers, which would show a slow
 * viewer the past. A pong comes back only after everything sent before the ping was read. A client of H.264 or
 * fMP4 that lost a frame gets nothing before the next key frame, which is asked for as soon as it keeps up again. Sound goes
 * to who asks for it, under the same rules.
 */
import type { Observable, Subscription } from 'rxjs';
import { WebSocket } from 'ws';
import { LimpidError, messageOf } from '../errors/limpid-error.js';
import type { LiveStream } from '../frame/live-stream.js';
import type { Log } from '../log/log.js';
import type { FrameHeader } from '../wire/frame-message.js';
import { type HelloMessage, parseClientMessage, type ServerMessage, type StateMessage } from '../wire/json-message.js';
import type { Codec, View } from '../wire/view.js';
import type { Client, ClientStatus } from './hub.js';
import type { ServerSettings } from './server-settings.js';
import type { SoundCourse, SoundPart } from './sound-feed.js';
import type { EncodedFrame } from './view-encoder.js';
import type { ViewFeed } from './view-feed.js';

/** What a client is attached to. */
export interface WebSocketClientOptions {
  readonly socket: WebSocket;
  readonly stream: LiveStream;
  readonly view: View;
  readonly codec: Codec;
  readonly feed: ViewFeed;
  /** Absent where the stream never has sound. */
  readonly sound: Observable<SoundPart> | undefined;
  /** Those of the moment. */
  readonly settings: () => ServerSettings;
  readonly log: Log;
  /** The connection has ended, for whatever reason. */
  readonly onClosed: (client: WebSocketClient) => void;
}

type Sizes = Pick<HelloMessage, 'width' | 'height' | 'sourceWidth' | 'sourceHeight'>;

/** How long a client may take to answer a close, ms. */
const CLOSE_TIMEOUT_MS = 500;

/** A connected viewer. Starts with a hello and takes frames until either side closes. */
export class WebSocketClient implements Client {
  readonly #options: WebSocketClientOptions;
  readonly #socket: WebSocket;
  readonly #frames: Subscription;
  #announced: Sizes;
  #sound: Subscription | undefined;
  /** The course of sound whose beginning the client has. */
  #heard: SoundCourse | undefined;
  #framesSent = 0;
  #framesDropped = 0;
  #messagesThisSecond = 0;
  /** When the ping was sent that has not been answered yet. */
  #pingSentMs: number | undefined;
  /** The client can't decode what is not a key frame: it has just joined, or lost a frame. */
  #needsKey = true;
  #lost = false;
  #closing = false;

  constructor(options: WebSocketClientOptions) {
    this.#options = options;
    this.#socket = options.socket;
    this.#announced = sizesOf(options.stream, options.view);
    this.#socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    this.#socket.on('pong', () => {
      this.#pingSentMs = undefined;
    });
    this.#socket.on('ping', (data) => {
      if (this.#keepsUp()) {
        this.#socket.pong(data);
      }
    });
    this.#socket.on('error', (error) =>
      options.log.debug(`WebSocket client of ${options.stream.name}: ${error.message}`),
    );
    this.#socket.on('close', () => {
      this.#frames.unsubscribe();
      this.#sound?.unsubscribe();
      options.onClosed(this);
    });
    this.#sayHello(this.#announced);
    this.#sendState();
    options.feed.wantKey();
    this.#frames = options.feed.frames$.subscribe({
      next: (frame) => this.#offer(frame),
      error: (error) => this.#end(1011, `the stream failed: ${messageOf(error)}`),
    });
  }

  status(): ClientStatus {
    return {
      stream: this.#options.stream.name,
      view: this.#options.view,
      transport: 'websocket',
      framesSent: this.#framesSent,
      framesDropped: this.#framesDropped,
      bufferedBytes: this.#socket.bufferedAmount,
    };
  }

  tick(): void {
    this.#messagesThisSecond = 0;
    if (this.#overdueMs() > this.#options.settings().heartbeatTimeoutMs) {
      // It reads nothing, so a close message would never be read either.
      this.#socket.terminate();
      return;
    }
    this.#ping();
    if (this.#keepsUp()) {
      this.#sendState();
    }
  }

  close(): void {
    this.#end(1001, 'the server is shutting down');
  }

  #offer(frame: EncodedFrame): void {
    if (this.#socket.readyState !== WebSocket.OPEN) {
      return;
    }
    if (!this.#keepsUp()) {
      this.#framesDropped += 1;
      this.#needsKey = true;
      this.#lost = true;
      return;
    }
    const { header } = frame;
    if (this.#needsKey && !header.key) {
      this.#framesDropped += this.#lost ? 1 : 0;
      this.#options.feed.wantKey();
      return;
    }
    this.#needsKey = false;
    this.#lost = false;
    if (!sameSizes(header, this.#announced)) {
      this.#announced = header;
      this.#sayHello(header);
    }
    const startMs = performance.now();
    this.#socket.send(frame.message, () => this.#options.stream.noteStage?.('send', performance.now() - startMs));
    this.#framesSent += 1;
    this.#ping();
  }

  #listen(on: boolean): void {
    if (!on) {
      this.#sound?.unsubscribe();
      this.#sound = undefined;
      this.#heard = undefined;
      return;
    }
    this.#sound ??= this.#options.sound?.subscribe({
      next: (part) => this.#offerSound(part),
      error: (error) => {
        this.#options.log.warn(`The sound of ${this.#options.stream.name} has ended for viewers: ${messageOf(error)}`);
        this.#sound = undefined;
      },
    });
  }

  #offerSound({ course, message, beginning }: SoundPart): void {
    if (this.#socket.readyState !== WebSocket.OPEN || !this.#keepsUp()) {
      return;
    }
    const begins = this.#heard !== course;
    if (begins) {
      this.#heard = course;
      this.#send({ type: 'sound', ...course });
    }
    if (course.codec !== null) {
      this.#socket.send(begins ? beginning : message);
    }
  }

  #keepsUp(): boolean {
    const { maxBufferedBytes, maxBehindMs } = this.#options.settings();
    return this.#socket.bufferedAmount <= maxBufferedBytes && this.#overdueMs() <= maxBehindMs;
  }

  #overdueMs(): number {
    return this.#pingSentMs === undefined ? 0 : performance.now() - this.#pingSentMs;
  }

  #ping(): void {
    if (this.#pingSentMs === undefined && this.#socket.readyState === WebSocket.OPEN) {
      this.#pingSentMs = performance.now();
      this.#socket.ping();
    }
  }

  #receive(data: WebSocket.RawData, isBinary: boolean): void {
    this.#messagesThisSecond += 1;
    if (this.#messagesThisSecond > this.#options.settings().maxMessagesPerSecond) {
      this.#end(1008, 'too many messages');
      return;
    }
    try {
      if (isBinary) {
        throw new LimpidError('ERR_WIRE', 'Expected a text message but received a binary one');
      }
      const message = parseClientMessage(data.toString());
      switch (message.type) {
        case 'clock':
          this.#answer({ ...message, serverTimeMs: Date.now() });
          return;
        case 'key':
          this.#options.feed.wantKey();
          return;
        case 'sound':
          this.#listen(message.on);
          return;
      }
    } catch (error) {
      this.#answer({ type: 'error', code: 'ERR_WIRE', message: messageOf(error) });
    }
  }

  /** An answer is owed only to a client that reads; otherwise its questions would pile up answers. */
  #answer(message: ServerMessage): void {
    if (this.#keepsUp()) {
      this.#send(message);
    }
  }

  #sayHello(sizes: Sizes): void {
    const { stream, view, codec } = this.#options;
    const { model, engine, latencyFrames } = stream.status();
    const { width, height, sourceWidth, sourceHeight } = sizes;
    this.#send({
      type: 'hello',
      protocol: 1,
      stream: stream.name,
      view,
      codec,
      width,
      height,
      sourceWidth,
      sourceHeight,
      model,
      engine,
      latencyFrames,
    });
  }

  #sendState(): void {
    this.#send(stateOf(this.#options.stream, this.#framesDropped));
  }

  #send(message: ServerMessage): void {
    if (this.#socket.readyState === WebSocket.OPEN) {
      this.#socket.send(JSON.stringify(message));
    }
  }

  #end(code: number, reason: string): void {
    if (this.#closing) {
      return;
    }
    this.#closing = true;
    this.#socket.close(code, reason.slice(0, 120));
    setTimeout(() => this.#socket.terminate(), CLOSE_TIMEOUT_MS).unref();
  }
}

function stateOf(stream: LiveStream, framesDropped: number): StateMessage {
  const { state, reason, fpsIn, fpsRestored, framesSkipped, stageMs, audio } = stream.status();
  return {
    type: 'state',
    state,
    ...(reason === undefined ? {} : { reason }),
    fpsIn,
    fpsRestored,
    framesSkipped: Object.values(framesSkipped).reduce((sum, count) => sum + count, 0),
    framesDropped,
    ...(audio === undefined ? {} : { audio: audio.codec }),
    stageMs: Object.fromEntries(Object.entries(stageMs).map(([stage, { p50 }]) => [stage, Math.round(p50 * 10) / 10])),
  };
}

function sizesOf(stream: LiveStream, view: View): Sizes {
  const { width, height, sourceWidth, sourceHeight } = stream.status();
  return view === 'source'
    ? { width: sourceWidth, height: sourceHeight, sourceWidth, sourceHeight }
    : { width, height, sourceWidth, sourceHeight };
}

function sameSizes(header: FrameHeader, sizes: Sizes): boolean {
  return (
    header.width === sizes.width &&
    header.height === sizes.height &&
    header.sourceWidth === sizes.sourceWidth &&
    header.sourceHeight === sizes.sourceHeight
  );
}
