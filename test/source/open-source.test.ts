/** What openSource refuses before any process starts, and that secrets stay out of its sentences. */
import { describe, expect, it } from 'vitest';
import { parseNetworkUri } from '../../src/source/network-uri.js';
import { openSource } from '../../src/source/open-source.js';

const NOT_RTSP =
  'Expected rtsp://host[:port]/path for an RTSP source, with user:password@ before the host where it asks for them; write ' +
  '"/", "?", "#", "@" and spaces in these as %2F, %3F, %23, %40 and %20';
const NO_SCHEME =
  'Expected rtsp://, rtsps://, http://, https://, udp://, srt://, file:, test:, camera:, pipeline: or the path of a video ' +
  'for a source but received';

describe('openSource', () => {
  it.each([
    ['an unknown scheme', 'gopher://host/x', `${NO_SCHEME} "gopher://host/x"`],
    ['an unknown scheme with a password', 'ftp://me:hunter2@host/x', `${NO_SCHEME} "ftp://***@host/x"`],
    ['no host', 'rtsp:///live', NOT_RTSP],
    ['a port that cannot be', 'rtsp://camera:99999/live', NOT_RTSP],
    ['port 0', 'rtsp://camera:0/live', NOT_RTSP],
    ['an unescaped slash in the password', 'rtsp://admin:hunter2/x@camera/live', NOT_RTSP],
    ['a space', 'rtsp://camera/live stream', NOT_RTSP],
    ['a line break', 'rtsp://camera/live\n! filesink', NOT_RTSP],
    ['a quote in the host', 'rtsp://cam"era/live', NOT_RTSP],
    [
      'a file on another host',
      'file://elsewhere/clip.mp4',
      'Expected file:///path of a video but received "file://elsewhere/clip.mp4"',
    ],
  ])('refuses %s', (_case, uri, message) => {
    expect(() => openSource(uri)).toThrowError(
      expect.objectContaining({ code: 'ERR_SOURCE_URI', message, exitCode: 2 }),
    );
  });

  it('refuses options it does not know or that are out of range', () => {
    expect(() => openSource('rtsp://camera/live', { transport: 'pigeon' as 'tcp' })).toThrowError(
      expect.objectContaining({ code: 'ERR_CONFIG' }),
    );
    expect(() => openSource('rtsp://camera/live', { stallTimeoutMs: 1 })).toThrowError(/stallTimeoutMs/);
  });

  it('refuses a path that no pipeline text can carry', () => {
    expect(() => openSource('/clips/a\u0000b.mp4')).toThrowError(expect.objectContaining({ code: 'ERR_INPUT_FILE' }));
  });
});

describe('parseNetworkUri', () => {
  it.each([
    ['rtsp://camera/live', 'rtsp://camera/live', '', ''],
    ['RTSPS://camera:322/a?b=c#d', 'rtsps://camera:322/a?b=c#d', '', ''],
    ['rtsp://me@camera/live', 'rtsp://camera/live', 'me', ''],
    ['rtsp://me:a:b%40c%2F@[::1]:554/live', 'rtsp://[::1]:554/live', 'me', 'a:b@c/'],
    ['rtsp://me:p@ss@camera/live', 'rtsp://camera/live', 'me', 'p@ss'],
    ['rtsp://me:50%@camera/live', 'rtsp://camera/live', 'me', '50%'],
    ['rtsp://camera/live?user=a&mail=b@c', 'rtsp://camera/live?user=a&mail=b@c', '', ''],
  ])('takes %s apart', (uri, location, user, password) => {
    expect(parseNetworkUri(uri)).toEqual({ location, user, password });
  });
});
