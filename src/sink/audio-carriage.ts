/**
 * Which audio each container and protocol carries as it is, and how it gets into the muxer.
 */
import { type AudioCodecName, audioCodecOf } from '../media/audio-codec.js';
import { fillLaunchText, readLaunchText } from '../media/launch-text.js';

/** What sound is muxed into: containers of files, and those that protocols carry. */
export type AudioCarrier = 'matroska' | 'mp4' | 'rtsp' | 'rtmp' | 'mpegts';

const CARRIED: Readonly<Record<AudioCarrier, readonly AudioCodecName[]>> = {
  matroska: [
    ...(['AAC', 'MP3', 'MP2', 'Opus', 'AC-3', 'E-AC-3', 'Vorbis', 'FLAC', 'DTS', 'PCM', 'Speex'] as const),
    ...(['A-law', 'µ-law'] as const),
  ],
  mp4: ['AAC', 'MP3', 'Opus', 'AC-3', 'ALAC'],
  rtsp: ['AAC', 'MP3', 'MP2', 'Opus', 'AC-3', 'A-law', 'µ-law'],
  rtmp: ['AAC', 'MP3'],
  mpegts: ['AAC', 'MP3', 'MP2', 'Opus', 'AC-3'],
};

/** The muxer's pad that takes the sound. */
const PADS: Readonly<Record<AudioCarrier, string>> = {
  matroska: 'audio_0',
  mp4: 'audio_0',
  rtsp: 'sink_1',
  rtmp: 'audio',
  // The packet identifier: that of the picture is the muxer's own choice, from 65 on.
  mpegts: 'sink_300',
};

/** Whether audio of these caps is carried as it is. */
export function isCarried(caps: string, carrier: AudioCarrier): boolean {
  const codec = audioCodecOf(caps);
  return codec !== null && CARRIED[carrier].includes(codec.name);
}

/** The part of a pipeline that brings audio of these caps from the audio pipe into the element "mux". */
export function audioSinkText(caps: string, carrier: AudioCarrier): string {
  const parser = audioCodecOf(caps)?.parser ?? 'identity';
  return fillLaunchText(readLaunchText('sink-audio'), { parser, pad: PADS[carrier] });
}

/** "AAC, MP3 and Opus": what a carrier takes. */
export function carriedCodecs(carrier: AudioCarrier): string {
  const names = CARRIED[carrier];
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
