/**
 * The part of a source's pipeline that all sources share: from decoded video to RGB pictures on the media pipe.
 *
 *     head (a scheme's own) ─▶ deinterlace ─▶ turn upright ─▶ crop ─▶ scale ─▶ RGB ─▶ pipe
 *
 * A change of size in mid-stream passes through as new caps; nothing here is bound to the first picture's size.
 */
import { fillLaunchText, readLaunchText } from '../media/launch-text.js';
import { type ResolvedSourceOptions, sizeOf } from './source-options.js';

/** A box that every picture fits into, where only square pixels are wanted. */
const ANY_SIZE = { width: 16_384, height: 16_384 };

/** The whole pipeline: a filled head and what follows it. */
export function pictureText(head: string, live: boolean, options: ResolvedSourceOptions): string {
  const { crop, deinterlace } = options;
  return [
    head,
    fillLaunchText(readLaunchText('picture'), { deinterlace: deinterlace ? 'auto' : 'disabled' }),
    crop === undefined ? '' : fillLaunchText(readLaunchText('picture-crop'), crop),
    scalingText(live, options),
    fillLaunchText(readLaunchText('picture-rgb'), {}),
  ]
    .filter((part) => part !== '')
    .join(' ');
}

/** The pipeline texts that link the sound of a head, files of `pipelines/`. */
export type SoundLink = 'source-audio-rtp' | 'source-audio-demuxed' | 'source-audio-http';

/** What follows it where the sound is wanted. Sound that nobody reads is lost rather than waited for. */
export function audioText(link: SoundLink): string {
  return `${fillLaunchText(readLaunchText(link), {})} ${fillLaunchText(readLaunchText('audio'), {})}`;
}

function scalingText(live: boolean, { size, maxSize, pixelAspect }: ResolvedSourceOptions): string {
  const exact = size === undefined ? null : sizeOf(size);
  if (exact !== null) {
    return fillLaunchText(readLaunchText('picture-size'), exact);
  }
  const box = maxSize === undefined ? null : sizeOf(maxSize);
  if (box === null && (pixelAspect === 'keep' || (pixelAspect === 'auto' && !live))) {
    return '';
  }
  return fillLaunchText(readLaunchText('picture-fit'), box ?? ANY_SIZE);
}
