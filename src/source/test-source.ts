/**
 * `test:` a moving pattern made here, for trying a configuration without a camera.
 */
import { fillLaunchText, readLaunchText } from '../media/launch-text.js';
import { type Opening, plannedSource, uriError } from './planned-source.js';
import type { Source } from './source.js';
import { sizeOf } from './source-options.js';
import { uriParameters } from './uri-parameters.js';

/** Patterns of videotestsrc that are worth looking at. */
const PATTERNS = ['smpte', 'snow', 'black', 'white', 'checkers-8', 'circular', 'zone-plate', 'ball', 'smpte100', 'bar'];
const PARAMETERS = { size: /^\d+x\d+$/, rate: /^[1-9]\d{0,2}$/, frames: /^[1-9]\d{0,8}$/ };
const ENDLESS = -1;

/** Opens `test:[pattern][?size=WxH&rate=fps&frames=count]`; default `test:ball?size=320x180&rate=25`. Throws ERR_SOURCE_URI. */
export function openTest(uri: string, opening: Opening): Source {
  const [, name = '', query = ''] = /^test:([a-z0-9-]*)(?:\?(.*))?$/i.exec(uri) ?? [undefined, '!'];
  const pattern = name === '' ? 'ball' : name;
  const parameters = uriParameters(query, PARAMETERS);
  const size = sizeOf(parameters?.size ?? '320x180');
  if (parameters === null || size === null || !PATTERNS.includes(pattern)) {
    throw uriError(
      `Expected test:pattern?size=320x180&rate=25&frames=100 with ${PATTERNS.join(', ')} as pattern, each part optional`,
      uri,
    );
  }
  const rate = Number(parameters.rate ?? 25);
  const frames = parameters.frames === undefined ? ENDLESS : Number(parameters.frames);
  const head = fillLaunchText(readLaunchText('source-test'), { pattern, ...size, rate, frames });
  return plannedSource({ label: uri, live: true, head: () => head, endless: false }, opening);
}
