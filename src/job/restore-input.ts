/**
 * What `restore` reads: a video file, a folder of pictures, or one picture.
 */
import { realpathSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import { Observable } from 'rxjs';
import { LimpidError, messageOf } from '../errors/limpid-error.js';
import type { DecodedFrame } from '../frame/frame.js';
import type { Gate } from '../frame/gate.js';
import { type AudioTrack, openAudioTrack } from '../source/audio-track.js';
import { wholeMp4Track } from '../source/mp4-audio-track.js';
import { openSource } from '../source/open-source.js';
import { readPicture, readPictureSize } from './read-png.js';
import { sizeText } from './size.js';

/** Something to restore, frame by frame. */
export interface RestoreInput {
  /** As the person named it. */
  readonly label: string;
  /** Absolute, without links. */
  readonly path: string;
  readonly kind: 'video' | 'pictures';
  /** The files that are read, by paths that may be links. */
  readonly files: readonly string[];
  /** Frames, where that is known beforehand. */
  readonly frames: number | null;
  /** Name of a frame's picture when frames become files. */
  readonly nameOf: (index: number) => string;
  /** The frames; a closed gate holds the reading back. Errors as a source does, or with ERR_INPUT_FILE. */
  frames$(gate: Gate, onDuration: (durationNs: bigint) => void): Observable<DecodedFrame>;
  /** The first audio track, read beside the frames; null when there is none. */
  openAudio(): Promise<AudioTrack | null>;
}

/** Files read as pictures. */
const PICTURE = /\.(png|jpe?g)$/i;
/** A file on a slow disk, or beside a busy machine, is not a broken one. */
const PATIENT = { openTimeoutMs: 20_000, stallTimeoutMs: 120_000 } as const;
const NS_PER_SECOND = 1_000_000_000;
const NAME_DIGITS = 8;

/**
 * Opens an input; nothing is decoded yet.
 *
 * @param fps frames a second of pictures, which have no times of their own.
 * @throws ERR_INPUT_FILE for what is not there or can't be read, ERR_FRAME_SIZE for pictures of different sizes.
 */
export async function openRestoreInput(label: string, fps: number): Promise<RestoreInput> {
  const { path, isFolder } = locate(label);
  if (isFolder) {
    return picturesInput(label, path, await picturesIn(label), fps);
  }
  return PICTURE.test(label) ? picturesInput(label, path, [label], fps) : videoInput(label, path);
}

function videoInput(label: string, path: string): RestoreInput {
  const source = openSource(path, PATIENT);
  return {
    label,
    path,
    kind: 'video',
    files: [path],
    frames: null,
    nameOf: (index) => `${String(index).padStart(NAME_DIGITS, '0')}.png`,
    frames$: (gate, onDuration) => source.session$({ gate, onDuration }),
    openAudio: async () => {
      const track = await openAudioTrack(path);
      return track === null ? null : wholeMp4Track(path, track);
    },
  };
}

async function picturesInput(
  label: string,
  path: string,
  files: readonly string[],
  fps: number,
): Promise<RestoreInput> {
  await requireOneSize(files);
  const names = namesOf(files);
  return {
    label,
    path,
    kind: 'pictures',
    files,
    frames: files.length,
    nameOf: (index) => names[index] ?? '',
    frames$: (gate) => pictures$(files, fps, gate),
    openAudio: async () => null,
  };
}

/** Reads a picture whenever the gate is open. */
function pictures$(files: readonly string[], fps: number, gate: Gate): Observable<DecodedFrame> {
  return new Observable((subscriber) => {
    const readAll = async (): Promise<void> => {
      for (const [index, file] of files.entries()) {
        await whenOpen(gate);
        const { width, height, data } = await readPicture(file);
        if (subscriber.closed) {
          return;
        }
        const ptsNs = BigInt(Math.round((index * NS_PER_SECOND) / fps));
        subscriber.next({ width, height, format: 'rgb8', data, ptsNs, captureTimeMs: Date.now() });
      }
      subscriber.complete();
    };
    readAll().catch((error: unknown) => subscriber.error(error));
  });
}

function whenOpen(gate: Gate): Promise<void> {
  return new Promise((open) => {
    if (gate.isOpen) {
      open();
      return;
    }
    const leave = gate.onChange((isOpen) => {
      if (isOpen) {
        leave();
        open();
      }
    });
  });
}

function locate(label: string): { readonly path: string; readonly isFolder: boolean } {
  try {
    const path = realpathSync(resolve(label));
    return { path, isFolder: statSync(path).isDirectory() };
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    const found = code === 'ENOENT' ? 'nothing is there' : messageOf(cause);
    throw new LimpidError(
      'ERR_INPUT_FILE',
      `Expected a video or a folder of pictures at ${label} but ${found}; check the path`,
      { cause },
    );
  }
}

const naturalOrder = new Intl.Collator('en', { numeric: true });

async function picturesIn(dir: string): Promise<string[]> {
  const names = await readdir(dir);
  const pictures = names.filter((name) => PICTURE.test(name) && !name.startsWith('.'));
  if (pictures.length === 0) {
    throw new LimpidError('ERR_INPUT_FILE', `Expected PNG or JPEG pictures in ${dir} but found none`);
  }
  return pictures.sort(naturalOrder.compare).map((name) => join(dir, name));
}

/** Looks at every picture's header, so that nothing is found wrong only after an hour. */
async function requireOneSize(files: readonly string[]): Promise<void> {
  const [first = '', ...others] = files;
  const common = await readPictureSize(first);
  for (const file of others) {
    const size = await readPictureSize(file);
    if (size.width !== common.width || size.height !== common.height) {
      throw new LimpidError(
        'ERR_FRAME_SIZE',
        `Expected ${sizeText(common)} as ${basename(first)} in ${file} but received ${sizeText(size)}; restore sizes apart`,
      );
    }
  }
}

function namesOf(files: readonly string[]): string[] {
  const taken = new Map<string, string>();
  return files.map((file) => {
    const name = `${basename(file, extname(file))}.png`;
    const other = taken.get(name);
    if (other !== undefined) {
      throw new LimpidError(
        'ERR_INPUT_FILE',
        `Expected one picture of each name but found ${basename(other)} and ${basename(file)}; remove one`,
      );
    }
    taken.set(name, file);
    return name;
  });
}
