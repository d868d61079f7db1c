/** Pipeline texts: GStreamer's own parser must see exactly the value, as one property of one element. */
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { fillLaunchText, readLaunchText } from '../../src/media/launch-text.js';
import { packageFile } from '../../src/media/package-file.js';
import { seededIntegers } from '../fixtures/video-files.js';

interface Parsed {
  findChild(name: string): Record<string, unknown> | undefined;
}
const { Pipeline }: { Pipeline: new (launch: string) => Parsed } = createRequire(import.meta.url)(
  'gstreamer-superficial',
);

const TEXT = `
# The comment of a text
filesrc name=source location={path:string}
! fakesink name=sink
`;

/** What GStreamer makes of a value: the property's value; that the pipeline is still source and sink, nothing else. */
function parsedPath(path: string): unknown {
  const pipeline = new Pipeline(fillLaunchText(TEXT, { path }));
  expect(pipeline.findChild('sink')).toBeDefined();
  for (const injected of ['filesink0', 'fakesink0', 'fdsink0', 'identity0', 'x']) {
    expect(pipeline.findChild(injected)).toBeUndefined();
  }
  return pipeline.findChild('source')?.location;
}

describe('fillLaunchText', () => {
  it.each([
    '/clips/plain.mp4',
    '/my clips/a b.mp4',
    'x ! filesink location=/tmp/owned',
    'x" ! filesink location="/tmp/owned',
    "x' ! filesink location='/tmp/owned",
    'x\\" ! filesink location=\\"/tmp/owned',
    'x\\\\ ! filesink location=/tmp/owned',
    'x name=x',
    'x" name="x',
    'x \\',
    'x\\',
    '\\ ! identity',
    '"quoted"',
    '"half',
    "'single'",
    'a=b,c;d(e){f}[g]<h>',
    'name:string} {path:string}',
    '$(reboot) `reboot` %s $HOME',
    'é ü 漢字 𝄞',
    ' ',
    '',
    '!',
    '.',
    'sink. ! identity',
    '# not a comment',
    'video/x-raw,format=RGB',
    'rtsp://camera/live?a=b&c=d#e ! fdsink',
  ])('carries %j and nothing but it', (path) => {
    expect(parsedPath(path)).toBe(path);
  });

  it.each(Array.from({ length: 10 }, (_, seed) => seed + 1))(
    'carries texts made of the worst characters (seed %i)',
    (seed) => {
      const next = seededIntegers(seed * 31_337);
      const worst = [
        '"',
        "'",
        '\\',
        ' ',
        '!',
        '=',
        '.',
        ',',
        ';',
        '(',
        ')',
        '{',
        '}',
        'a',
        '0',
        'é',
        '#',
        '\u00a0',
        '/',
        ':',
      ];
      for (let round = 0; round < 40; round += 1) {
        const path = Array.from({ length: next() % 14 }, () => worst[next() % worst.length]).join('');
        expect(parsedPath(path)).toBe(path);
      }
    },
  );

  it.each([
    ['NUL', 'a\u0000b', 'U+0000'],
    ['a line break', 'a\n! filesink', 'U+000A'],
    ['a carriage return', 'a\rb', 'U+000D'],
    ['an escape', '\u001b[2J', 'U+001B'],
    ['half a surrogate pair', 'a\ud800', 'U+D800'],
  ])('refuses %s', (_case, path, character) => {
    expect(() => fillLaunchText(TEXT, { path })).toThrowError(
      expect.objectContaining({
        code: 'ERR_CONFIG',
        message: `Expected text without control characters for path but received ${character}`,
      }),
    );
  });

  it.each([
    ['tcp ! filesink', 'word'],
    ['', 'word'],
    ['a=b', 'word'],
    ['5 ! identity', 'int'],
    ['5', 'int'],
    [1.5, 'int'],
    [Number.NaN, 'int'],
    [2 ** 60, 'int'],
  ] as const)('refuses %j as %s', (value, kind) => {
    const fill = () => fillLaunchText(`fakesrc name={hole:${kind}} ! fakesink`, { hole: value });
    expect(fill).toThrowError(expect.objectContaining({ code: 'ERR_CONFIG' }));
  });

  it('wants every hole filled and every value used', () => {
    expect(() => fillLaunchText(TEXT, {})).toThrowError(/Expected a value for the hole "path"/);
    expect(() => fillLaunchText(TEXT, { path: 'x', other: 1 })).toThrowError(/has no hole "other"/);
  });
});

/** What a text that is no pipeline by itself stands behind. */
function before(name: string): string {
  if (name === 'sink-audio.launch') {
    return readLaunchText('sink-clip-matroska');
  }
  if (name === 'sink-display.launch') {
    return readLaunchText('sink-raw');
  }
  if (name.startsWith('sink-encode-')) {
    return readLaunchText('sink-picture');
  }
  if (name.startsWith('source-audio-')) {
    return 'decodebin name=demuxer';
  }
  if (/^(audio|picture|source-(pipeline|camera-))/.test(name)) {
    return 'videotestsrc';
  }
  return /^sink-(matroska|mp4|rtsp|rtmp|srt|udp)/.test(name)
    ? `${readLaunchText('sink-picture')} ${readLaunchText('sink-encode-x264')}`
    : '';
}

/** What a text that has no end by itself ends in. */
function after(name: string): string {
  const open =
    name === 'sink-picture.launch' ||
    name === 'sink-raw.launch' ||
    (/^(picture|source-)/.test(name) && !ENDS_ITSELF.has(name));
  return open ? '! fakesink' : '';
}

const ENDS_ITSELF = new Set(['audio.launch', 'picture-rgb.launch', 'source-file-audio.launch']);

describe('the texts of pipelines/', () => {
  it('are all parsed by GStreamer', () => {
    const values: Record<string, string | number> = {
      location: 'rtsp://camera/live',
      user: 'me',
      password: 'a "b" ! c',
      transport: 'udp-mcast+udp+tcp',
      jitterMs: 200,
      udpTimeoutUs: 2_000_000,
      tcpTimeoutUs: 10_000_000,
      certificateChecks: 'validate-all',
      damaged: 'false',
      sessionSets: 'application/x-rtp',
      strict: 'true',
      timeoutS: 10,
      uri: 'srt://camera:7001?mode=caller&passphrase=a%20b%21',
      address: '239.1.1.1',
      port: 5000,
      interface: 'eth0',
      reuse: 'true',
      device: '/dev/video0',
      pattern: 'ball',
      frames: -1,
      width: 640,
      height: 360,
      rate: 25,
      x: 8,
      y: 8,
      deinterlace: 'auto',
      path: '/tmp/x y',
      cropRight: 1,
      cropBottom: 0,
      colorimetry: 'bt709',
      preset: 'superfast',
      crf: 20,
      maxBitrateKbps: 40_000,
      gopFrames: 60,
      milliFramesPerSecond: 25_000,
      fragmentMs: 1_000,
      leaky: 'downstream',
      pad: 'audio_0',
      parser: 'aacparse',
      format: 'I420',
      host: '127.0.0.1',
      timeoutUs: 10_000_000,
      pass: 'cbr',
      bitrateKbps: 4_000,
      options: 'crf=20:vbv-maxrate=40000',
      tags: 'title=(string)gate,comment=(string)limpid:restored/model:live-x4',
    };
    const names = readdirSync(packageFile('pipelines')).filter((name) => name.endsWith('.launch'));
    expect(names.length).toBeGreaterThanOrEqual(5);
    for (const name of names) {
      const own = readLaunchText(name.replace(/\.launch$/, ''));
      const text = `${before(name)}\n${own}\n${after(name)}`;
      if (name.includes('nv') || name.includes('va')) {
        // Elements that are there only with their card.
        continue;
      }
      const holes = [...text.matchAll(/\{(\w+):/g)].map(([, hole = '']) => [hole, values[hole] ?? `unknown ${hole}`]);
      expect(() => new Pipeline(fillLaunchText(text, Object.fromEntries(holes))), name).not.toThrow();
    }
  });

  it('are missed by name', () => {
    expect(() => readLaunchText('no-such')).toThrowError(expect.objectContaining({ code: 'ERR_MEDIA_PROCESS' }));
  });
});
