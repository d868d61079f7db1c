import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/config.js';
import { LimpidError } from '../../src/errors/limpid-error.js';

const env = { CAMERA: 'rtsp://admin:hunter2@camera/live', SHORT: 'abc' };

function refusal(yaml: string): string {
  try {
    parseConfig(yaml, 'gate.yaml', env);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(LimpidError);
    expect(thrown).toMatchObject({ code: 'ERR_CONFIG', exitCode: 2 });
    return (thrown as LimpidError).message;
  }
  throw new Error('the configuration was accepted');
}

/** A placeholder for an environment variable, as it stands in a file. */
const variable = (name: string) => `\${${name}}`;

/** A stream with one field more or other. */
const stream = (fields: string) => `streams: [{ name: gate, source: rtsp://camera/live, ${fields} }]`;

describe('parseConfig', () => {
  it('fills in every default', () => {
    const config = parseConfig('streams: [{ name: gate, source: rtsp://camera/live }]', 'gate.yaml', env);
    expect(config.server).toMatchObject({ host: '127.0.0.1', port: 8080, jpegQuality: 85 });
    expect(config.streams[0]).toMatchObject({
      name: 'gate',
      model: 'live-x4',
      sourceOptions: { transport: 'auto', loop: false },
    });
    expect(config.streams[0]?.record).toBeUndefined();
  });

  it('reads how frames are restored: self-ensemble and tiles', () => {
    const engineOf = (fields: string) =>
      parseConfig(stream(`engine: { ${fields} }`), 'gate.yaml', env).streams[0]?.engine;
    expect(engineOf('')).toMatchObject({ tile: 'auto' });
    expect(engineOf('tile: off')).toMatchObject({ tile: 'off' });
    expect(engineOf('selfEnsemble: 8, tile: 480x270, tileOverlap: exact')).toMatchObject({
      selfEnsemble: 8,
      tile: { width: 480, height: 270 },
      tileOverlap: 'exact',
    });
  });

  it('takes secrets from the environment', () => {
    const yaml = `streams: [{ name: gate, source: "${variable('CAMERA')}" }]`;
    expect(parseConfig(yaml, 'gate.yaml', env).streams[0]?.source).toBe(env.CAMERA);
  });

  const table: readonly { readonly name: string; readonly yaml: string; readonly message: string }[] = [
    { name: 'no streams', yaml: 'server: {}', message: 'Expected a list for streams but received nothing (gate.yaml)' },
    {
      name: 'an empty file',
      yaml: '',
      message: 'Expected a mapping for the configuration but received null (gate.yaml)',
    },
    {
      name: 'streams of the wrong kind',
      yaml: 'streams: 4',
      message: 'Expected a list for streams but received 4 (gate.yaml)',
    },
    {
      name: 'an empty list',
      yaml: 'streams: []',
      message: 'Expected at least one stream for streams but received a list (gate.yaml)',
    },
    {
      name: 'a capital in a name',
      yaml: 'streams: [{ name: Gate, source: x }]',
      message:
        'Expected a name of lower-case letters, digits, "-" and "_", at most 63 characters for streams[0].name but received "Gate" (gate.yaml)',
    },
    {
      name: 'a path in a name',
      yaml: 'streams: [{ name: ../etc, source: x }]',
      message:
        'Expected a name of lower-case letters, digits, "-" and "_", at most 63 characters for streams[0].name but received "../etc" (gate.yaml)',
    },
    {
      name: 'two streams of one name',
      yaml: 'streams: [{ name: a, source: x }, { name: a, source: y }]',
      message: 'Expected a name of its own, but "a" is taken for streams[1].name but received "a" (gate.yaml)',
    },
    {
      name: 'no source',
      yaml: 'streams: [{ name: a }]',
      message: 'Expected a string for streams[0].source but received nothing (gate.yaml)',
    },
    { name: 'an unknown key', yaml: stream('colour: red'), message: 'Unknown key "colour" in streams[0] (gate.yaml)' },
    {
      name: 'an unknown key at the top',
      yaml: 'sterams: []\nstreams: [{ name: a, source: x }]',
      message: 'Unknown key "sterams" in the configuration (gate.yaml)',
    },
    {
      name: 'an unknown transport',
      yaml: stream('sourceOptions: { transport: pigeon }'),
      message:
        'Expected "auto" or "tcp" or "udp" for streams[0].sourceOptions.transport but received "pigeon" (gate.yaml)',
    },
    {
      name: 'a recording without a folder',
      yaml: stream('record: {}'),
      message: 'Expected a string for streams[0].record.dir but received nothing (gate.yaml)',
    },
    {
      name: 'an unknown container',
      yaml: stream('record: { dir: x, container: avi }'),
      message: 'Expected "matroska" or "mp4" for streams[0].record.container but received "avi" (gate.yaml)',
    },
    {
      name: 'passes that no ensemble has',
      yaml: stream('engine: { selfEnsemble: 5 }'),
      message: 'Expected 4 or 8 for streams[0].engine.selfEnsemble but received 5 (gate.yaml)',
    },
    {
      name: 'a tile of one side',
      yaml: stream('engine: { tile: "480" }'),
      message:
        'Expected auto, off, or a size such as 480x270 for streams[0].engine.tile but received "480" (gate.yaml)',
    },
    {
      name: 'an overlap of half a pixel',
      yaml: stream('engine: { tileOverlap: 0.5 }'),
      message:
        'Expected a whole number of pixels up to 1024, or exact for streams[0].engine.tileOverlap but received 0.5 (gate.yaml)',
    },
    {
      name: 'a port too large',
      yaml: `server: { port: 70000 }\n${stream('')}`,
      message: 'Expected at most 65535 for server.port but received 70000 (gate.yaml)',
    },
    {
      name: 'half a port',
      yaml: `server: { port: 80.5 }\n${stream('')}`,
      message: 'Expected an integer for server.port but received 80.5 (gate.yaml)',
    },
    {
      name: 'a short token from the environment, without showing it',
      yaml: `server: { token: "${variable('SHORT')}" }\n${stream('')}`,
      message: `Expected at least 8 characters for server.token but received "${variable('SHORT')}" (gate.yaml)`,
    },
    {
      name: 'a variable that is not set',
      yaml: stream(`model: "${variable('MODEL')}"`),
      message: 'Expected the environment variable MODEL, which the configuration asks for, to be set (gate.yaml)',
    },
    {
      name: 'YAML aliases',
      yaml: 'a: &a [1]\nstreams: *a',
      message: 'Expected YAML: Alias resolution is disabled (gate.yaml)',
    },
  ];

  it.each(table)('refuses $name', ({ yaml, message }) => {
    expect(refusal(yaml)).toBe(message);
  });

  it('names line and column of broken YAML', () => {
    expect(refusal('streams: [')).toMatch(/^Expected YAML: .* at line 1, column 11 \(gate\.yaml\)$/);
  });
});
