/**
 * Turns the end of a media process into one sentence: what happened, where, what to do next.
 */
import { type ErrorCode, LimpidError } from '../errors/limpid-error.js';
import type { MediaEnd } from '../media/media-process.js';
import { isHardwareDecoder } from './hardware-decoders.js';

/** A hardware decoder failed while it ran; software may do what it could not. */
export class HardwareDecoderError extends LimpidError {}

/** The source was reached, as far as is known, and gave no picture: what it sends may begin with none that stands alone. */
export class NoPictureError extends LimpidError {}

/** What was known when the process ended. */
export interface FailureContext {
  /** The source without its secrets. */
  readonly label: string;
  /** Had a picture arrived? */
  readonly opened: boolean;
  /** The region that was asked for, if one was. */
  readonly crop?: Readonly<Record<'x' | 'y' | 'width' | 'height', number>> | undefined;
}

/** An RTSP server that is killed with something of ours unread resets its connection; otherwise that ends like a stream. */
const SERVER_GONE = /could not receive message|the server closed the connection/i;

/** What GStreamer says, and what it means to the person who wrote the URI. The first match speaks. */
const MEANINGS: readonly (readonly [RegExp, (label: string) => string])[] = [
  [
    /\(401\)|unauthorized|not authorized/i,
    (label) => `${label} refused the user or password (401); they stand before the host, as in user:password@host`,
  ],
  [/\(403\)|forbidden/i, (label) => `${label} is forbidden for this user or address (403)`],
  [/\(404\)|not found \(404\)/i, (label) => `${label} does not exist on its server (404); check the path of the URI`],
  [/\(454\)|\(503\)|\(5\d\d\)/, (label) => `The server of ${label} is not able to serve it now`],
  [
    /failed to connect|could not connect|connection refused|could not resolve/i,
    // A refused certificate looks the same to rtspsrc.
    (label) =>
      label.startsWith('rtsps:')
        ? `Nothing answers at ${label}, or its certificate is not trusted; check host, port and network, or set ` +
          'trustAnyCertificate if the camera is yours'
        : `Nothing answers at ${label}; check host, port and network, and that the camera is on`,
  ],
  [
    /Missing decoder: (?:text|application)\//,
    (label) => `${label} is a page or a text, not a video; check the path of the URI`,
  ],
  [
    // All that souphttpsrc says of a host that can't be reached.
    /GstSoupHTTPSrc.*\n?.*streaming stopped, reason error \(-5\)/,
    (label) =>
      `Nothing answers at ${label} over HTTP; check host, port and network, that the camera is on` +
      `${label.startsWith('https:') ? ', and its certificate (trustAnyCertificate if the camera is yours)' : ''}`,
  ],
  [
    /device '[^']*' is busy|device or resource busy/i,
    (label) => `The camera ${label} is in use by another program; close that one`,
  ],
  [
    /missing a plug-?in|no suitable plugins|no decoder|missing element/i,
    (label) =>
      `${label} has a codec that no installed GStreamer plugin decodes; install gstreamer1.0-libav and ` +
      'gstreamer1.0-plugins-good, -bad and -ugly',
  ],
  [
    /could not determine type|could not demultiplex|contains no data|no pads created|no playable streams|contains no streams|doesn't contain enough data|no valid frames|not a known|invalid|could not decode/i,
    (label) => `${label} is not a video that GStreamer can read, or it is damaged`,
  ],
  [
    /delayed linking failed|not-linked|not-negotiated/i,
    (label) => `${label} has no video stream that can be decoded to pictures`,
  ],
];

/** The error of a source whose process ended with anything but a wanted end of stream. */
export function sourceFailure(end: MediaEnd, { label, opened, crop }: FailureContext): LimpidError {
  switch (end.kind) {
    case 'eos':
      return opened
        ? new LimpidError('ERR_SOURCE_LOST', closedSentence(label))
        : new NoPictureError('ERR_SOURCE_OPEN', `${label} ended without a picture; check that it has video`);
    case 'stopped':
      return new LimpidError('ERR_MEDIA_PROCESS', `The media process of ${label} was stopped`);
    case 'crashed':
      return new LimpidError(
        'ERR_MEDIA_PROCESS',
        `The media process of ${label} died (${end.how})${lastLine(end.stderr)}; try again, "limpid doctor" checks GStreamer`,
      );
    case 'error':
      return gstreamerFailure(end, { label, opened, crop });
  }
}

function gstreamerFailure(end: MediaEnd & { readonly kind: 'error' }, context: FailureContext): LimpidError {
  const { label, opened, crop } = context;
  const code: ErrorCode = opened ? 'ERR_SOURCE_LOST' : 'ERR_SOURCE_OPEN';
  const said = `${end.message}\n${end.debug}`;
  const meaning =
    opened && SERVER_GONE.test(said) ? closedSentence : MEANINGS.find(([pattern]) => pattern.test(said))?.[1];
  const sentence =
    crop !== undefined && /not-negotiated/.test(said)
      ? `${label} has no region of ${crop.width}×${crop.height} at (${crop.x}, ${crop.y}); choose a crop inside the picture`
      : (meaning?.(label) ?? `${label} failed: ${end.message}${lastLine(end.debug)}`);
  const Failure = isHardwareDecoder(end.element) ? HardwareDecoderError : LimpidError;
  return new Failure(code, sentence, { cause: said.trim() });
}

function closedSentence(label: string): string {
  return `${label} ended: its server closed the stream`;
}

/** The last line of a text in brackets, for a person who needs the detail. */
function lastLine(text: string): string {
  const line = text.trim().split('\n').at(-1)?.trim() ?? '';
  return line === '' ? '' : ` (${line.slice(0, 200)})`;
}
