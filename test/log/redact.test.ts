import { describe, expect, it } from 'vitest';
import { redactUri } from '../../src/log/redact.js';

describe('redactUri', () => {
  it.each([
    ['rtsp://admin:hunter2@camera/stream', 'rtsp://***@camera/stream'],
    ['could not open rtsp://a:p%40ss@10.0.0.1:554/x: refused', 'could not open rtsp://***@10.0.0.1:554/x: refused'],
    ['rtsp://admin:p@ss@camera/x', 'rtsp://***@camera/x'],
    ['http://host/a?token=abc&view=pair', 'http://host/a?token=***&view=pair'],
    ['srt://host:1?passphrase=abcdefghij', 'srt://host:1?passphrase=***'],
    ['rtsp://camera/stream', 'rtsp://camera/stream'],
    ['mail me @home about http://host/', 'mail me @home about http://host/'],
  ])('takes the secrets out of %s', (text, expected) => {
    expect(redactUri(text)).toBe(expected);
  });
});
