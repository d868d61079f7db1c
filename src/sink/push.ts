/**
 * The push sink: pictures and sound to a server or a listener elsewhere, over RTSP, RTMP, SRT or MPEG-TS on UDP.
 */
import { LimpidError } from '../errors/limpid-error.js';
import type { AudioSlice } from '../frame/audio.js';
import type { Frame } from '../frame/frame.js';
import { fillLaunchText, readLaunchText } from '../media/launch-text.js';
import type { MediaEnd } from '../media/media-process.js';
import type { AudioCarrier } from './audio-carriage.js';
import { encodingText, keysOf, videoFor } from './encoder.js';
import { LiveSound } from './live-sound.js';
import { MediaOutput, type OutputFailure, unforeseen } from './media-output.js';
import { type PushOptions, pushOptionsSchema, type ResolvedPushOptions } from './push-options.js';
import { type PushProtocol, type PushTarget, parsePushUri } from './push-uri.js';
import type { Sink } from './sink.js';

const US_PER_MS = 1_000;
/** Those who watch a push wait with its muxer, ms. */
const SOUND_PATIENCE_MS = 1_000;
const CARRIERS: Readonly<Record<PushProtocol, AudioCarrier>> = {
  rtsp: 'rtsp',
  rtmp: 'rtmp',
  srt: 'mpegts',
  udp: 'mpegts',
};

/** Who hears of what a push leaves out. */
export interface PushContext {
  readonly onTrouble?: (error: LimpidError) => void;
}

/** What GStreamer says, and what it means to the person who wrote the URI. The first match speaks. */
const MEANINGS: readonly (readonly [RegExp, string])[] = [
  [/\(401\)|unauthorized|not authorized|badauth/i, 'was refused: the server wants another user or password'],
  [/\(403\)|forbidden|NetStream\.Publish\.(Denied|BadName)/i, 'was refused: its path or key is forbidden or taken'],
  [/\(404\)|\(405\)|not found/i, 'was refused: the server knows no such path, or lets nobody publish there'],
  [
    /could not connect|failed to connect|connection refused|could not resolve|not connect/i,
    'failed: nothing answers there; check host, port and network',
  ],
  [
    /could not (write|send)|failed to (write|send)|broken pipe|connection (was |is )?(reset|broken|closed|lost)|closed|disconnect/i,
    'ended: the connection was lost',
  ],
];

/**
 * Opens a push; its first frame connects. A frame of another size connects anew.
 *
 * Throws ERR_CONFIG for options out of range. A write that rejects has lost its frame; the next one connects again.
 *
 * @example
 * const push = openPush({ uri: 'rtsp://relay:8554/gate', bitrateKbps: 6_000 });
 */
export function openPush(options: PushOptions, { onTrouble = () => undefined }: PushContext = {}): Sink {
  const parsed = pushOptionsSchema.safeParse(options);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new LimpidError('ERR_CONFIG', `Push option ${issue?.path.join('.')}: ${issue?.message}`);
  }
  return new Push(parsed.data, parsePushUri(parsed.data.uri), onTrouble);
}

class Push implements Sink {
  readonly label: string;
  readonly view: ResolvedPushOptions['view'];
  readonly #options: ResolvedPushOptions;
  readonly #target: PushTarget;
  readonly #sound: LiveSound;
  #current: MediaOutput | null = null;
  #closed: Promise<void> | null = null;

  constructor(options: ResolvedPushOptions, target: PushTarget, onTrouble: (error: LimpidError) => void) {
    this.label = `push to ${target.label}`;
    this.view = options.view;
    this.#options = options;
    this.#target = target;
    this.#sound = new LiveSound({
      label: this.label,
      carrier: CARRIERS[target.protocol],
      patienceMs: SOUND_PATIENCE_MS,
      warn: (sentence) => onTrouble(new LimpidError('ERR_SINK_OPEN', sentence)),
    });
  }

  async write(frame: Frame, audio?: AudioSlice): Promise<void> {
    if (this.#closed !== null) {
      throw new LimpidError('ERR_SINK_WRITE', `The ${this.label} is closed and takes no more frames`);
    }
    const before = this.#current;
    if (before !== null) {
      this.#sound.write(before, frame, audio);
      if (!before.takes(frame) || this.#sound.wantsRenewal(before, frame, audio)) {
        this.#current = null;
        await before.close();
      }
    }
    this.#current ??= await this.#connect(frame, audio);
    try {
      await this.#current.write(frame);
    } catch (error) {
      this.#current = null;
      throw error;
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#current?.close() ?? Promise.resolve();
    return this.#closed;
  }

  async #connect(first: Frame, audio: AudioSlice | undefined): Promise<MediaOutput> {
    const options = this.#options;
    const { protocol, holes } = this.#target;
    const { transport, trustAnyCertificate, writeTimeoutMs, finishTimeoutMs } = options;
    const video = videoFor(first, options);
    const encoded = await encodingText(video, options);
    const sent = fillLaunchText(readLaunchText(`sink-${protocol}`), {
      ...holes,
      ...(protocol === 'rtsp'
        ? {
            transport,
            certificateChecks: trustAnyCertificate ? 'no-flags' : 'validate-all',
            timeoutUs: writeTimeoutMs * US_PER_MS,
          }
        : {}),
    });
    const sound = this.#sound.opening(audio);
    const output = new MediaOutput({
      subject: `The ${this.label}`,
      video,
      launch: `${encoded} ${sent} ${sound.launch}`.trim(),
      ...(sound.audioCaps === undefined ? {} : { audioCaps: sound.audioCaps }),
      originNs: first.ptsNs,
      keys: keysOf(options),
      writeTimeoutMs,
      finishTimeoutMs,
      check: 'the network',
      failureOf: (end) => this.#failureOf(end),
    });
    this.#sound.begin(output, first);
    return output;
  }

  #failureOf(end: MediaEnd): OutputFailure {
    const failure = unforeseen(end);
    const said = failure.cause ?? '';
    const meaning = MEANINGS.find(([pattern]) => pattern.test(said))?.[1];
    return {
      code: failure.code,
      sentence: meaning ?? this.#withoutSecrets(failure.sentence),
      cause: this.#withoutSecrets(said),
    };
  }

  #withoutSecrets(text: string): string {
    return this.#target.secrets.reduce((rest, secret) => (secret === '' ? rest : rest.replaceAll(secret, '***')), text);
  }
}
