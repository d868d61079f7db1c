import { expect, it } from 'vitest';
import { parseConfig } from '../../src/config/config.js';
import { LimpidError } from '../../src/errors/limpid-error.js';

/** A placeholder for an environment variable, as it stands in a file. */
const variable = (name: string) => `\${${name}}`;
/** A stream with fields more or other. */
const stream = (fields: string) => `streams: [{ name: gate, source: rtsp://camera/live, ${fields} }]`;
/** A server with these settings. */
const server = (fields: string) => `server: { ${fields} }\nstreams: [{ name: gate, source: rtsp://camera/live }]`;
/** A server with one token. */
const token = (fields: string) => server(`tokens: [{ ${fields} }]`);

/** What people write, and the whole sentence they are told (the file's name follows). Others are in config.test.ts. */
const mistakes: readonly (readonly [name: string, yaml: string, message: string])[] = [
  ['a list at the top', '- name: gate', 'Expected a mapping for the configuration but received a list'],
  ['a word at the top', 'streams', 'Expected a mapping for the configuration but received "streams"'],
  ['two documents', 'a: 1\n---\nb: 2', 'Expected YAML: Source contains multiple documents at line 2, column 1'],
  ['a key given twice', 'streams: []\nstreams: []', 'Expected YAML: Map keys must be unique at line 2, column 1'],
  [
    'a tab for indentation',
    'streams:\n\t- name: gate',
    'Expected YAML: Tabs are not allowed as indentation at line 2, column 1',
  ],
  ['a quote that does not end', 'streams: "gate', 'Expected YAML: Missing closing "quote at line 1, column 15'],
  ['streams as a mapping', 'streams: { gate: { source: x } }', 'Expected a list for streams but received a mapping'],
  ['a stream that is a word', 'streams: [gate]', 'Expected a mapping for streams[0] but received "gate"'],
  ['a stream of nothing', 'streams: [null]', 'Expected a mapping for streams[0] but received null'],
  ['a stream without a name', 'streams: [{ source: x }]', 'Expected a string for streams[0].name but received nothing'],
  [
    'an empty name',
    'streams: [{ name: "", source: x }]',
    'Expected a name of lower-case letters, digits, "-" and "_", at most 63 characters for streams[0].name but received ""',
  ],
  ['a number for a name', 'streams: [{ name: 1, source: x }]', 'Expected a string for streams[0].name but received 1'],
  [
    'a name that begins with a dash',
    'streams: [{ name: -gate, source: x }]',
    'Expected a name of lower-case letters, digits, "-" and "_", at most 63 characters for streams[0].name but received "-gate"',
  ],
  [
    'a space in a name',
    'streams: [{ name: front gate, source: x }]',
    'Expected a name of lower-case letters, digits, "-" and "_", at most 63 characters for streams[0].name but received "front gate"',
  ],
  [
    'a name with an umlaut',
    'streams: [{ name: tür, source: x }]',
    'Expected a name of lower-case letters, digits, "-" and "_", at most 63 characters for streams[0].name but received "tür"',
  ],
  [
    'a name of 64 characters',
    `streams: [{ name: ${'a'.repeat(64)}, source: x }]`,
    'Expected a name of lower-case letters, digits, "-" and "_", at most 63 characters for streams[0].name but received "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…',
  ],
  [
    'a line break in a name',
    'streams: [{ name: "gate\\nyard", source: x }]',
    'Expected a name of lower-case letters, digits, "-" and "_", at most 63 characters for streams[0].name but received "gate\\nyard"',
  ],
  [
    'an empty source',
    'streams: [{ name: gate, source: "" }]',
    'Expected text that is not empty for streams[0].source but received ""',
  ],
  [
    'a list for a source',
    'streams: [{ name: gate, source: [x] }]',
    'Expected a string for streams[0].source but received a list',
  ],
  ['the source misspelt', 'streams: [{ name: gate, sorce: x }]', 'Unknown key "sorce" in streams[0]'],
  ['two unknown keys', stream('colour: red, size: 4'), 'Unknown keys "colour", "size" in streams[0]'],
  ['an empty model', stream('model: ""'), 'Expected text that is not empty for streams[0].model but received ""'],
  [
    'a list of models in model',
    stream('model: [live-x4]'),
    'Expected a string for streams[0].model but received a list',
  ],
  ['a scale in figures', stream('scale: 4'), 'Expected "auto" for streams[0].scale but received 4'],
  [
    'scale auto beside a model',
    stream('scale: auto, model: bypass'),
    'Expected either scale: auto or a model, not both, for streams[0].scale but received "auto"',
  ],
  [
    'models beside a model',
    stream('model: live-x2, models: [live-x4, bypass]'),
    'Expected either models or a model, not both, for streams[0].models but received a list',
  ],
  [
    'source options as a word',
    stream('sourceOptions: tcp'),
    'Expected a mapping for streams[0].sourceOptions but received "tcp"',
  ],
  [
    'an unknown source option',
    stream('sourceOptions: { protocol: tcp }'),
    'Unknown key "protocol" in streams[0].sourceOptions',
  ],
  [
    'yes for a switch',
    stream('sourceOptions: { live: "yes" }'),
    'Expected a boolean for streams[0].sourceOptions.live but received "yes"',
  ],
  [
    'a negative jitter',
    stream('sourceOptions: { jitterMs: -1 }'),
    'Expected at least 0 for streams[0].sourceOptions.jitterMs but received -1',
  ],
  [
    'a timeout with its unit',
    stream('sourceOptions: { openTimeoutMs: 10s }'),
    'Expected a number for streams[0].sourceOptions.openTimeoutMs but received "10s"',
  ],
  [
    'a timeout too short',
    stream('sourceOptions: { stallTimeoutMs: 5 }'),
    'Expected at least 100 for streams[0].sourceOptions.stallTimeoutMs but received 5',
  ],
  [
    'a timeout of years',
    stream('sourceOptions: { stallTimeoutMs: 99999999999 }'),
    'Expected at most 3600000 for streams[0].sourceOptions.stallTimeoutMs but received 99999999999',
  ],
  [
    'a recording that is a path',
    stream('record: recordings'),
    'Expected a mapping for streams[0].record but received "recordings"',
  ],
  [
    'an empty folder',
    stream('record: { dir: "" }'),
    'Expected text that is not empty for streams[0].record.dir but received ""',
  ],
  [
    'a quality too coarse',
    stream('record: { dir: x, crf: 60 }'),
    'Expected at most 50 for streams[0].record.crf but received 60',
  ],
  [
    'half a quality',
    stream('record: { dir: x, crf: 20.5 }'),
    'Expected an integer for streams[0].record.crf but received 20.5',
  ],
  [
    'an unknown preset',
    stream('record: { dir: x, preset: slowest }'),
    'Expected "ultrafast" or "superfast" or "veryfast" or "faster" or "fast" or "medium" or "slow" for streams[0].record.preset but received "slowest"',
  ],
  [
    'no bits at all',
    stream('record: { dir: x, maxBitrateKbps: 0 }'),
    'Expected at least 64 for streams[0].record.maxBitrateKbps but received 0',
  ],
  [
    'a rate of nothing',
    stream('record: { dir: x, framesPerSecond: 0 }'),
    'Expected at least 0.1 for streams[0].record.framesPerSecond but received 0',
  ],
  [
    'infinitely many frames',
    stream('record: { dir: x, framesPerSecond: .inf }'),
    'Expected a number for streams[0].record.framesPerSecond but received Infinity',
  ],
  [
    'an unknown isolation',
    stream('engine: { isolation: container }'),
    'Expected "process" or "thread" for streams[0].engine.isolation but received "container"',
  ],
  ['no thread', stream('engine: { threads: 0 }'), 'Expected at least 1 for streams[0].engine.threads but received 0'],
  [
    'five passes',
    stream('engine: { selfEnsemble: 5 }'),
    'Expected 4 or 8 for streams[0].engine.selfEnsemble but received 5',
  ],
  [
    'a tile without a height',
    stream('engine: { tile: 480 }'),
    'Expected a string for streams[0].engine.tile but received 480',
  ],
  [
    'a tile of letters',
    stream('engine: { tile: axb }'),
    'Expected auto, off, or a size such as 480x270 for streams[0].engine.tile but received "axb"',
  ],
  [
    'a server that is a port',
    'server: 8080\nstreams: [{ name: gate, source: x }]',
    'Expected a mapping for server but received 8080',
  ],
  ['a port as text', server('port: "8080"'), 'Expected a number for server.port but received "8080"'],
  ['a negative port', server('port: -1'), 'Expected at least 0 for server.port but received -1'],
  ['an empty host', server('host: ""'), 'Expected text that is not empty for server.host but received ""'],
  ['an unknown server key', server('prot: 8080'), 'Unknown key "prot" in server'],
  ['a JPEG quality of zero', server('jpegQuality: 0'), 'Expected at least 1 for server.jpegQuality but received 0'],
  [
    'a JPEG quality above a hundred',
    server('jpegQuality: 101'),
    'Expected at most 100 for server.jpegQuality but received 101',
  ],
  ['room for nobody', server('maxClients: 0'), 'Expected at least 1 for server.maxClients but received 0'],
  [
    'an origin that is no list',
    server('allowedOrigins: https://example.org'),
    'Expected a list for server.allowedOrigins but received "https://example.org"',
  ],
  [
    'a token without a secret',
    token('name: lobby'),
    'Expected either sha256 or token for server.tokens[0] but received a mapping',
  ],
  [
    'a token with two secrets',
    token(`name: lobby, token: correct-horse, sha256: ${'a'.repeat(64)}`),
    'Expected either sha256 or token for server.tokens[0] but received a mapping',
  ],
  [
    'a digest that is none',
    token('name: lobby, sha256: abc'),
    'Expected the 64 lower-case hexadecimal digits that "limpid token" prints for server.tokens[0].sha256 but received "abc"',
  ],
  [
    'a short token',
    token('name: lobby, token: short'),
    'Expected at least 8 characters for server.tokens[0].token but received "short"',
  ],
  [
    'an unknown role',
    token('name: lobby, token: correct-horse, role: admin'),
    'Expected "view" or "control" for server.tokens[0].role but received "admin"',
  ],
  [
    'a token for no stream',
    token('name: lobby, token: correct-horse, streams: []'),
    'Expected a list of at least 1 for server.tokens[0].streams but received a list',
  ],
  [
    'a token without a name',
    token('token: correct-horse'),
    'Expected a string for server.tokens[0].name but received nothing',
  ],
  [
    'two tokens of one name',
    server('tokens: [{ name: a, token: correct-horse }, { name: a, token: battery-staple }]'),
    'Expected a name of its own, but "a" is taken for server.tokens[1].name but received "a"',
  ],
  [
    'a certificate without a key',
    server('tls: { cert: cert.pem }'),
    'Expected a string for server.tls.key but received nothing',
  ],
  ['a switch for TLS', server('tls: true'), 'Expected a mapping for server.tls but received true'],
  [
    'a proxy that is no address',
    server('trustedProxies: [proxy.example]'),
    'Expected an IP address for server.trustedProxies[0] but received "proxy.example"',
  ],
  [
    'a stop without patience',
    `stopTimeoutMs: 1\n${stream('')}`,
    'Expected at least 100 for stopTimeoutMs but received 1',
  ],
  [
    'a secret in a wrong value, which stays unseen',
    stream(`sourceOptions: "${variable('CAMERA')}"`),
    `Expected a mapping for streams[0].sourceOptions but received "${variable('CAMERA')}"`,
  ],
  [
    'a password in a wrong value, which stays unseen',
    stream('sourceOptions: "rtsp://admin:hunter2@camera/live"'),
    'Expected a mapping for streams[0].sourceOptions but received "rtsp://***@camera/live"',
  ],
];

it.each(mistakes)('refuses %s', (_name, yaml, message) => {
  const env = { CAMERA: 'rtsp://admin:hunter2@camera/live' };
  expect(() => parseConfig(yaml, 'gate.yaml', env)).toThrow(new LimpidError('ERR_CONFIG', `${message} (gate.yaml)`));
});
