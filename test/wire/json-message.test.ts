import { describe, expect, it } from 'vitest';
import {
  type HelloMessage,
  parseClientMessage,
  parseServerMessage,
  type StateMessage,
} from '../../src/wire/json-message.js';

const HELLO: HelloMessage = {
  type: 'hello',
  protocol: 1,
  stream: 'gate',
  view: 'pair',
  codec: 'jpeg',
  width: 1280,
  height: 720,
  sourceWidth: 320,
  sourceHeight: 180,
  model: 'live-x4',
  engine: 'onnxruntime',
  latencyFrames: 1,
};

const STATE: StateMessage = {
  type: 'state',
  state: 'reconnecting',
  reason: 'the camera closed the connection',
  fpsIn: 25,
  fpsRestored: 12.5,
  framesSkipped: 3,
  framesDropped: 0,
};

describe('parseServerMessage', () => {
  it('reads what the server writes', () => {
    for (const message of [
      HELLO,
      STATE,
      { type: 'clock', clientTimeMs: 1.5, serverTimeMs: 2 },
      { type: 'error', code: 'ERR_WIRE', message: 'Expected less' },
    ]) {
      expect(parseServerMessage(JSON.stringify(message))).toEqual(message);
    }
  });

  it('leaves out keys it does not know, and passes over types it does not know', () => {
    expect(parseServerMessage(JSON.stringify({ ...HELLO, audio: 'opus' }))).toEqual(HELLO);
    expect(parseServerMessage('{"type":"weather"}')).toBeUndefined();
  });

  it.each([
    ['not json', 'Expected a JSON text message but received "not json"'],
    ['[1]', 'Expected a JSON object as text message but received "[1]"'],
    ['null', 'Expected a JSON object as text message but received "null"'],
    [JSON.stringify({ ...HELLO, protocol: 2 }), 'Expected hello.protocol 1 but received 2'],
    [JSON.stringify({ ...HELLO, view: 'x' }), 'Expected a known hello.view and hello.codec but received x and jpeg'],
    [JSON.stringify({ ...HELLO, width: '1280' }), 'Expected hello.width to be a finite number but received "1280"'],
    [JSON.stringify({ ...STATE, state: 'asleep' }), 'Expected state to be one of connecting, live'],
  ])('refuses %s', (text, says) => {
    expect(() => parseServerMessage(text)).toThrow(says);
  });
});

describe('parseClientMessage', () => {
  it('reads a clock question', () => {
    expect(parseClientMessage('{"type":"clock","clientTimeMs":1753.25,"more":1}')).toEqual({
      type: 'clock',
      clientTimeMs: 1753.25,
    });
  });

  it.each([
    ['{', 'Expected a JSON text message but received "{"'],
    ['7', 'Expected a JSON object as text message but received "7"'],
    ['{}', 'Expected a message of type "clock", "key" or "sound" but received null'],
    ['{"type":{"a":1}}', 'Expected a message of type "clock", "key" or "sound" but received {"a":1}'],
    ['{"type":"sound","on":1}', 'Expected sound.on to be true or false but received 1'],
    ['{"type":"clock"}', 'Expected clock.clientTimeMs to be a finite number but received undefined'],
    ['{"type":"clock","clientTimeMs":1e999}', 'Expected clock.clientTimeMs to be a finite number but received null'],
  ])('refuses %s', (text, says) => {
    expect(() => parseClientMessage(text)).toThrow(says);
  });
});
