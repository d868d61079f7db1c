/**
 * The audio track of an MP4, its packets read where the file's index says they are; the codec's caps are GStreamer's.
 */
import { type FileHandle, open } from 'node:fs/promises';
import type { EncodedPacket } from '../frame/audio.js';
import { type Mp4Sample, mp4AudioSamples } from '../media/mp4-samples.js';
import type { AudioTrack } from './audio-track.js';

/** A packet of compressed audio is far smaller; a larger one is a damaged index. */
const MAX_PACKET_BYTES = 1 << 20;

/**
 * The same track, every packet of it, where its file is a plain MP4; the track that was given otherwise. A track that is
 * replaced is disposed of, as it is where the file can't be read: then this rejects with what the system says.
 */
export async function wholeMp4Track(path: string, track: AudioTrack): Promise<AudioTrack> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const samples = await mp4AudioSamples(file);
    if (samples?.every(({ bytes }) => bytes > 0 && bytes <= MAX_PACKET_BYTES)) {
      track.dispose();
      return new Mp4AudioTrack(track.caps, file, samples);
    }
  } catch (error) {
    track.dispose();
    await file?.close();
    throw error;
  }
  await file.close();
  return track;
}

class Mp4AudioTrack implements AudioTrack {
  readonly caps: string;
  readonly #file: FileHandle;
  readonly #samples: readonly Mp4Sample[];
  #next = 0;
  #closed: Promise<void> | undefined;

  constructor(caps: string, file: FileHandle, samples: readonly Mp4Sample[]) {
    this.caps = caps;
    this.#file = file;
    this.#samples = samples;
  }

  async next(): Promise<EncodedPacket | null> {
    const sample = this.#samples[this.#next];
    if (sample === undefined || this.#closed !== undefined) {
      return null;
    }
    this.#next += 1;
    const { offset, bytes, ptsNs, durationNs } = sample;
    const data = Buffer.allocUnsafe(bytes);
    const { bytesRead } = await this.#file.read(data, 0, bytes, offset);
    // A file that was cut off ends in the middle of a packet.
    return bytesRead === bytes ? { ptsNs, durationNs, data } : null;
  }

  dispose(): void {
    this.#closed ??= this.#file.close();
  }
}
