/**
 * `camera:` a V4L2 camera of this machine, by path, number or name.
 */
import { fillLaunchText, readLaunchText } from '../media/launch-text.js';
import { cameraDevice } from './cameras.js';
import { decoded } from './network-uri.js';
import { type Opening, plannedSource, uriError } from './planned-source.js';
import type { Source } from './source.js';
import { sizeOf } from './source-options.js';
import { uriParameters } from './uri-parameters.js';

const PARAMETERS = { size: /^\d+x\d+$/, rate: /^[1-9]\d{0,2}$/ };
/** Frames a second that no camera exceeds. */
const ANY_RATE = 999;

/**
 * Opens `camera:`, `camera:/dev/video0`, `camera:0` or `camera:name`, with `?size=WxH&rate=fps` or without. A camera that is
 * not there is an ERR_SOURCE_OPEN of the session, so that it may be plugged in later. Throws ERR_SOURCE_URI.
 */
export function openCamera(uri: string, opening: Opening): Source {
  const [, which = '', query = ''] = /^camera:([^?]*)(?:\?(.*))?$/is.exec(uri) ?? [];
  const parameters = uriParameters(query, PARAMETERS);
  const size = parameters?.size === undefined ? undefined : sizeOf(parameters.size);
  if (parameters === null || size === null || (size === undefined && parameters.rate !== undefined)) {
    throw uriError(
      'Expected camera:/dev/video0, camera:0 or camera:name, with ?size=1280x720 and &rate=25 after it or not',
      uri,
    );
  }
  const rate = Number(parameters.rate ?? ANY_RATE);
  const format = size === undefined ? '' : fillLaunchText(readLaunchText('source-camera-format'), { ...size, rate });
  const head = () => {
    const camera = fillLaunchText(readLaunchText('source-camera'), { device: cameraDevice(decoded(which)) });
    return [camera, format, fillLaunchText(readLaunchText('source-camera-decode'), {})].join(' ');
  };
  return plannedSource({ label: decoded(uri), live: true, head, endless: true }, opening);
}
