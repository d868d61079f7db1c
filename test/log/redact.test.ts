import { describe, expect, it } from 'vitest';
import { redactUri } from '../../src/log/redact.js';

describe('redactUri', () => {
  it.each([
    ['rtsp://admin:hunter2@camera/stream', 'rtsp://***@camera/stream'],
    ['could not open rtsp://a:p%40ss@10.0.0.1:554/x: refused', 'could not open rtsp://***@10.0.0.1:554/x: refused'],
    ['rtsp://admin:p@ss@camera/x', 'rtsp://***@camera/x'],
    ['http://host/a?token=abc&view=pair', 'http://host/a?token=***&view=pair'],
    ['srt://host:1?passphrase=abcdefghij', 'srt://host:1?passphrase=***'],
    ['srt://host:1?streamid=publish:gate:alice:hunter2&latency=20', 'srt://host:1?streamid=***&latency=20'],
    [
      'http://host/a?access_token=abc&apikey=d&api_key=e&sig=f&x=1',
      'http://host/a?access_token=***&apikey=***&api_key=***&sig=***&x=1',
    ],
    ['http://cam/video.cgi?loginuse=me&loginpas=hunter2', 'http://cam/video.cgi?loginuse=me&loginpas=***'],
    ['rtsp://camera/user=admin_password=hunter2_channel=1.sdp', 'rtsp://camera/user=admin_password=***'],
    ['"http://host/?token=abc"', '"http://host/?token=***"'],
    [
      JSON.stringify({ msg: 'no "http://host/?token=a\\b" there' }),
      JSON.stringify({ msg: 'no "http://host/?token=***" there' }),
    ],
    ['rtsp://camera/stream', 'rtsp://camera/stream'],
    ['mail me @home about http://host/', 'mail me @home about http://host/'],
  ])('takes the secrets out of %s', (text, expected) => {
    expect(redactUri(text)).toBe(expected);
  });
});
