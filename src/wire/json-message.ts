/**
 * The JSON text messages that travel beside the frames: who sends what, and how what arrives is checked.
 *
 *     server ─▶ client   hello (first, and before any change of size or codec) · state (once a second) · clock · error ·
 *                        sound (before sound, and where its kind changes)
 *     client ─▶ server   clock · key (a decoder lost its thread) · sound (wanted, or not any more)
 */
import { LimpidError } from '../errors/limpid-error.js';
import { type Codec, isCodec, isView, type View } from './view.js';

/** Where a stream is in its life, as clients are told. */
export type WireStreamState = 'connecting' | 'live' | 'stalled' | 'reconnecting' | 'ended' | 'failed';

const STATES: readonly WireStreamState[] = ['connecting', 'live', 'stalled', 'reconnecting', 'ended', 'failed'];

/** Announces the frames that follow. Sizes are 0 while the source has not shown its first picture. */
export interface HelloMessage {
  readonly type: 'hello';
  readonly protocol: 1;
  readonly stream: string;
  readonly view: View;
  readonly codec: Codec;
  /** Size of the pictures in the first payload. */
  readonly width: number;
  readonly height: number;
  readonly sourceWidth: number;
  readonly sourceHeight: number;
  readonly model: string;
  readonly engine: string;
  /** Frames of look-ahead the window adds. */
  readonly latencyFrames: number;
}

/** How the stream fares, once a second. */
export interface StateMessage {
  readonly type: 'state';
  readonly state: WireStreamState;
  /** One sentence on why, when there is something to say. */
  readonly reason?: string;
  readonly fpsIn: number;
  readonly fpsRestored: number;
  /** Source frames not restored since the stream began. */
  readonly framesSkipped: number;
  /** Frames this client did not get because it reads too slowly. */
  readonly framesDropped: number;
  /** What the source's sound is: "AAC", "A-law"; absent while it has none. */
  readonly audio?: string;
  /** Medians of the stages of a frame's way, ms, over the last few hundred frames. */
  readonly stageMs?: Readonly<Record<string, number>>;
}

/** The server's time beside the client's question. */
export interface ClockMessage {
  readonly type: 'clock';
  readonly clientTimeMs: number;
  /** Unix ms. */
  readonly serverTimeMs: number;
}

/** What was wrong with a client's message; the connection goes on unless it is closed. */
export interface ErrorMessage {
  readonly type: 'error';
  readonly code: string;
  readonly message: string;
}

/** Announces the sound messages that follow. */
export interface SoundAnnouncement {
  readonly type: 'sound';
  /** What the source sends: "AAC", "A-law". */
  readonly name: string;
  /** What the messages hold, as RFC 6381 writes it; null where browsers don't play it: then none follow. */
  readonly codec: string | null;
}

export type ServerMessage = HelloMessage | StateMessage | ClockMessage | ErrorMessage | SoundAnnouncement;

/** Asks for the server's time; `clientTimeMs` comes back untouched. */
export interface ClockQuestion {
  readonly type: 'clock';
  readonly clientTimeMs: number;
}

/** Asks for a key frame, which comes soon: the client can't decode before it. */
export interface KeyRequest {
  readonly type: 'key';
}

/** Asks for sound, or for no more of it. */
export interface SoundRequest {
  readonly type: 'sound';
  readonly on: boolean;
}

export type ClientMessage = ClockQuestion | KeyRequest | SoundRequest;

/** Checks what a client wrote. Throws ERR_WIRE on anything that is not one of {@link ClientMessage}. */
export function parseClientMessage(text: string): ClientMessage {
  const message = parseRecord(text);
  switch (message.type) {
    case 'clock':
      return { type: 'clock', clientTimeMs: numberOf(message, 'clientTimeMs') };
    case 'key':
      return { type: 'key' };
    case 'sound':
      if (typeof message.on !== 'boolean') {
        throw wireError('sound.on to be true or false', String(JSON.stringify(message.on)).slice(0, 40));
      }
      return { type: 'sound', on: message.on };
    default:
      throw wireError('a message of type "clock", "key" or "sound"', JSON.stringify(message.type ?? null).slice(0, 40));
  }
}

/** Checks what a server wrote. Undefined for a type this client does not know yet; ERR_WIRE for one that is broken. */
export function parseServerMessage(text: string): ServerMessage | undefined {
  const message = parseRecord(text);
  switch (message.type) {
    case 'hello':
      return parseHello(message);
    case 'state':
      return parseState(message);
    case 'clock':
      return {
        type: 'clock',
        clientTimeMs: numberOf(message, 'clientTimeMs'),
        serverTimeMs: numberOf(message, 'serverTimeMs'),
      };
    case 'error':
      return { type: 'error', code: textOf(message, 'code'), message: textOf(message, 'message') };
    case 'sound':
      return {
        type: 'sound',
        name: textOf(message, 'name'),
        codec: message.codec === null ? null : textOf(message, 'codec'),
      };
    default:
      return undefined;
  }
}

type JsonRecord = Readonly<Record<string, unknown>>;

function parseHello(message: JsonRecord): HelloMessage {
  const { view, codec, protocol } = message;
  if (protocol !== 1) {
    throw wireError('hello.protocol 1', String(protocol));
  }
  if (!isView(view) || !isCodec(codec)) {
    throw wireError('a known hello.view and hello.codec', `${String(view)} and ${String(codec)}`);
  }
  return {
    type: 'hello',
    protocol,
    stream: textOf(message, 'stream'),
    view,
    codec,
    width: numberOf(message, 'width'),
    height: numberOf(message, 'height'),
    sourceWidth: numberOf(message, 'sourceWidth'),
    sourceHeight: numberOf(message, 'sourceHeight'),
    model: textOf(message, 'model'),
    engine: textOf(message, 'engine'),
    latencyFrames: numberOf(message, 'latencyFrames'),
  };
}

function parseState(message: JsonRecord): StateMessage {
  const state = STATES.find((known) => known === message.state);
  if (state === undefined) {
    throw wireError(`state to be one of ${STATES.join(', ')}`, String(message.state));
  }
  return {
    type: 'state',
    state,
    ...(message.reason === undefined ? {} : { reason: textOf(message, 'reason') }),
    fpsIn: numberOf(message, 'fpsIn'),
    fpsRestored: numberOf(message, 'fpsRestored'),
    framesSkipped: numberOf(message, 'framesSkipped'),
    framesDropped: numberOf(message, 'framesDropped'),
    ...(message.audio === undefined ? {} : { audio: textOf(message, 'audio') }),
    ...(message.stageMs === undefined ? {} : { stageMs: numbersOf(message, 'stageMs') }),
  };
}

function parseRecord(text: string): JsonRecord {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new LimpidError('ERR_WIRE', `Expected a JSON text message but received ${excerpt(text)}`, { cause });
  }
  if (!isRecord(value)) {
    throw wireError('a JSON object as text message', excerpt(text));
  }
  return value;
}

function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function numberOf(message: JsonRecord, key: string): number {
  const value = message[key];
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw wireError(`${String(message.type)}.${key} to be a finite number`, String(JSON.stringify(value)).slice(0, 40));
  }
  return value;
}

function numbersOf(message: JsonRecord, key: string): Readonly<Record<string, number>> {
  const value = message[key];
  if (!isRecord(value) || !Object.values(value).every((entry) => typeof entry === 'number')) {
    throw wireError(
      `${String(message.type)}.${key} to be an object of numbers`,
      excerpt(String(JSON.stringify(value))),
    );
  }
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, Number(entry)]));
}

function textOf(message: JsonRecord, key: string): string {
  const value = message[key];
  if (typeof value !== 'string') {
    throw wireError(`${String(message.type)}.${key} to be a string`, String(JSON.stringify(value)).slice(0, 40));
  }
  return value;
}

function excerpt(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}

function wireError(expected: string, received: string): LimpidError {
  return new LimpidError('ERR_WIRE', `Expected ${expected} but received ${received}`);
}
