/**
 * The encoder of a sink: chosen by what the machine has, told what its pictures are.
 */
import { LimpidError } from '../errors/limpid-error.js';
import type { Picture } from '../frame/frame.js';
import { hasElement } from '../media/element.js';
import { fillLaunchText, type HoleValues, readLaunchText } from '../media/launch-text.js';
import { type RawVideo, rawVideo } from '../media/raw-video.js';
import type { EncodingOptions } from './encoding-options.js';
import { encoderFormat } from './video-encoding.js';

/** Rate assumed when none is told: how long the last picture lasts, and after how many at most another key frame comes. */
const ASSUMED_FRAMES_PER_SECOND = 30;
/** The element of the pipeline by which key frames are asked for. */
const PACKETS_ELEMENT = 'packets';

type Maker = Exclude<EncodingOptions['encoder'], 'auto'>;

/** In the order in which they are preferred. */
const MAKERS: readonly Maker[] = ['nvenc', 'vaapi', 'software'];
const ELEMENTS = {
  h264: { nvenc: 'nvh264enc', vaapi: 'vah264enc', software: 'x264enc' },
  h265: { nvenc: 'nvh265enc', vaapi: 'vah265enc', software: 'x265enc' },
} as const;
const NEEDS = {
  nvenc: 'an NVIDIA card whose driver and GStreamer plugin can encode',
  vaapi: 'a card and driver for VA-API and gstreamer1.0-plugins-bad',
  software: 'gstreamer1.0-plugins-ugly and -bad',
} as const;

/** Pictures like this one, as their encoder is told of them: x265 wants a rate, which then is a hint and no more. */
export function videoFor(
  { width, height, pixelAspect }: Picture,
  { codec, framesPerSecond }: EncodingOptions,
): RawVideo {
  return rawVideo(width, height, framesPerSecond ?? (codec === 'h265' ? ASSUMED_FRAMES_PER_SECOND : null), pixelAspect);
}

/**
 * The head of a sink's pipeline: pictures from the media pipe, encoded and framed. Rejects with ERR_SINK_OPEN when the
 * encoder that is asked for is not there.
 */
export async function encodingText(video: RawVideo, options: EncodingOptions): Promise<string> {
  const maker = await makerOf(options);
  const { codec } = options;
  const picture = fillLaunchText(readLaunchText('sink-picture'), {
    ...encoderFormat(video),
    format: maker === 'software' ? 'I420' : 'NV12',
  });
  const element = ELEMENTS[codec][maker].replace(/enc$/, '');
  return `${picture} ${fillLaunchText(readLaunchText(`sink-encode-${element}`), holesFor(maker, options))}`;
}

/** How an output asks such a pipeline for key frames: by time, for the rate is only a hint and overload lowers it. */
export function keysOf({ gopSeconds }: EncodingOptions): { readonly element: string; readonly everyNs: bigint } {
  return { element: PACKETS_ELEMENT, everyNs: BigInt(Math.round(gopSeconds * 1e9)) };
}

async function makerOf({ codec, encoder }: EncodingOptions): Promise<Maker> {
  for (const maker of encoder === 'auto' ? MAKERS : [encoder]) {
    if (await hasElement(ELEMENTS[codec][maker])) {
      return maker;
    }
  }
  const asked = encoder === 'auto' ? 'software' : encoder;
  throw new LimpidError(
    'ERR_SINK_OPEN',
    `Expected GStreamer's ${ELEMENTS[codec][asked]} for encoder ${encoder} but it is not there; it needs ${NEEDS[asked]}`,
  );
}

function holesFor(maker: Maker, options: EncodingOptions): HoleValues {
  const { codec, preset, bitrateKbps, framesPerSecond = ASSUMED_FRAMES_PER_SECOND } = options;
  // With a bitrate the quality is a hole to fill and means nothing.
  const { crf = 0, maxBitrateKbps = 0 } = options;
  const gopFrames = Math.max(1, Math.round(options.gopSeconds * framesPerSecond));
  const steady = bitrateKbps !== undefined;
  const milliFramesPerSecond = Math.round(framesPerSecond * 1_000);
  const rate = { bitrateKbps: bitrateKbps ?? maxBitrateKbps, gopFrames, milliFramesPerSecond };
  switch (maker) {
    case 'nvenc':
      return { ...rate, crf, pass: steady ? 'cbr' : 'vbr' };
    case 'vaapi':
      return { ...rate, crf, pass: steady ? 'cbr' : 'cqp' };
    case 'software': {
      const limit = `vbv-maxrate=${rate.bitrateKbps}:vbv-bufsize=${rate.bitrateKbps}`;
      return codec === 'h264'
        ? { ...rate, preset, crf, pass: steady ? 'cbr' : 'qual' }
        : { ...rate, preset, options: steady ? limit : `crf=${crf}:${limit}` };
    }
  }
}
