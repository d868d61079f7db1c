/** URIs and paths that try to add elements, properties or files to a pipeline: refused, or nothing but a strange name. */
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { LimpidError } from '../../src/errors/limpid-error.js';
import { openSource } from '../../src/source/open-source.js';
import { type HttpVideoServer, startHttpVideoServer } from '../fixtures/http-video-server.js';
import { scratchFolder } from '../fixtures/video-files.js';
import { watch } from './session.js';

const folder = scratchFolder('injection');
const loot = join(folder, 'loot');
mkdirSync(loot);
const servers: HttpVideoServer[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.dispose()));
});

/** What attackers append; every one would write into the loot folder if GStreamer took it for pipeline text. */
const TAILS = [
  ` ! filesink location=${loot}/a`,
  `" ! filesink location=${loot}/b name="`,
  `' ! filesink location=${loot}/c name='`,
  `\\" ! filesink location=${loot}/d`,
  `\\\\ ! filesink location=${loot}/e \\`,
  `\n! filesink location=${loot}/f`,
  `\r\n! filesink location=${loot}/g #`,
  `\u0000! filesink location=${loot}/h`,
  ` videotestsrc num-buffers=1 ! filesink location=${loot}/i`,
  ` name=x x. ! filesink location=${loot}/j`,
  `{path:string} ! filesink location=${loot}/k`,
];
const BASES = [
  ['rtsp', 'rtsp://127.0.0.1:9/live'],
  ['http', 'http://127.0.0.1:9/video.mjpg'],
  ['udp', 'udp://127.0.0.1:5000'],
  ['udp interface', 'udp://127.0.0.1:5000?interface=lo'],
  ['srt', 'srt://127.0.0.1:5000'],
  ['srt stream', 'srt://127.0.0.1:5000?streamid=a'],
  ['test', 'test:ball'],
  ['test size', 'test:ball?size=320x180'],
  ['camera size', 'camera:0?size=320x180'],
] as const;

describe('a URI with pipeline text in it', () => {
  it.each(BASES.flatMap(([name, base]) => TAILS.map((tail) => [name, JSON.stringify(tail), base + tail] as const)))(
    '%s with %s is refused or a name, and never several elements',
    (name, _tail, uri) => {
      try {
        const { label } = openSource(uri);
        // A stream id is free text: it travels percent-encoded. A path of the network may hold what needs no blank.
        expect(['srt stream', 'rtsp', 'http']).toContain(name);
        expect(label).not.toMatch(/[\r\n\0]/);
      } catch (error) {
        expect(error).toBeInstanceOf(LimpidError);
        expect(error).toMatchObject({ code: 'ERR_SOURCE_URI' });
        expect((error as LimpidError).message).not.toMatch(/[\r\n\0]/);
      }
    },
  );

  it('asks an HTTP server for exactly that, when percent-encoded, and writes nothing', async () => {
    const server = await startHttpVideoServer({ folder });
    servers.push(server);
    const path = `/${encodeURIComponent(`a" ! filesink location=${loot}/z`)}'!\\"`;
    const { error } = await watch(openSource(server.origin + path)).ended;
    expect(error?.message).toContain('does not exist on its server (404)');
    expect(decodeURIComponent(server.asked[0] ?? '')).toContain(`a" ! filesink location=${loot}/z`);
    expect(readdirSync(loot)).toEqual([]);
  });

  it.each(TAILS.slice(0, 5))('is a file that is not there, as a path ending in %s', (tail) => {
    for (const uri of [`/nowhere/clip.mp4${tail}`, `file:/nowhere/clip.mp4${encodeURI(tail)}`]) {
      expect(() => openSource(uri)).toThrowError(expect.objectContaining({ code: 'ERR_INPUT_FILE' }));
    }
  });

  it('is a camera that is not there, as its name', async () => {
    for (const tail of TAILS) {
      const { error } = await watch(openSource(`camera:webcam${encodeURIComponent(tail)}`)).ended;
      expect(error?.code).toBe('ERR_SOURCE_OPEN');
    }
    expect(existsSync(loot)).toBe(true);
    expect(readdirSync(loot)).toEqual([]);
  });
});
