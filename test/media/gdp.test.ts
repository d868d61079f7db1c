/** GDP: what the writer writes the reader reads, in any chunks; what is hostile is refused; GStreamer agrees. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { GDP_BUFFER, GDP_CAPS, GDP_HEADER_BYTES, readGdpHeader, writeGdpHeader } from '../../src/media/gdp-packet.js';
import { type GdpPicture, GdpReader } from '../../src/media/gdp-reader.js';
import { gdpPictureBytes, gdpPictureHeader, gdpPrologue } from '../../src/media/gdp-writer.js';
import { parseRawVideoCaps, rawVideo, rawVideoCaps } from '../../src/media/raw-video.js';
import { noisePictures, seededIntegers } from '../fixtures/video-files.js';

const LIMITS = { maxFrameBytes: 1_000_000 };

interface Shot {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
  readonly ptsNs: bigint;
}

function streamOf(shots: readonly Shot[]): Buffer {
  let size = '';
  const parts: Uint8Array[] = [];
  for (const { width, height, data, ptsNs } of shots) {
    const video = rawVideo(width, height, 25);
    if (size !== `${width}x${height}`) {
      parts.push(gdpPrologue(video));
      size = `${width}x${height}`;
    }
    parts.push(gdpPictureHeader(video, ptsNs, 40_000_000n), gdpPictureBytes(video, data));
  }
  return Buffer.concat(parts);
}

function read(stream: Buffer, chunkBytes: () => number): GdpPicture[] {
  const pictures: GdpPicture[] = [];
  const reader = new GdpReader(LIMITS, (picture) => pictures.push(picture));
  for (let at = 0; at < stream.length; ) {
    const bytes = chunkBytes();
    // A copy that is overwritten afterwards: the reader may keep nothing of a chunk.
    const chunk = Buffer.from(stream.subarray(at, at + bytes));
    reader.push(chunk);
    chunk.fill(0xee);
    at += bytes;
  }
  reader.end();
  return pictures;
}

function packet(type: number, payload: Buffer): Buffer {
  const header = writeGdpHeader({ type, payloadBytes: payload.length, ptsNs: 0n, durationNs: null });
  return Buffer.concat([header, payload]);
}

function caps(text: string): Buffer {
  return packet(GDP_CAPS, Buffer.from(`${text}\0`));
}

describe('GDP', () => {
  it.each(Array.from({ length: 25 }, (_, seed) => seed + 1))(
    'comes back exactly, whatever the sizes and wherever the chunks end (seed %i)',
    (seed) => {
      const next = seededIntegers(seed * 7_919);
      const shots = Array.from({ length: 1 + (next() % 6) }, (_, index) => {
        const width = 1 + (next() % 40);
        const height = 1 + (next() % 30);
        return { width, height, data: noisePictures(next(), width, height, 1), ptsNs: BigInt(index) * 33_366_700n };
      });
      const longest = [1, 7, 62, 63, 1_000, 65_536][next() % 6] ?? 1;
      const pictures = read(streamOf(shots), () => 1 + (next() % longest));
      expect(pictures).toHaveLength(shots.length);
      pictures.forEach((picture, index) => {
        const shot = shots[index];
        expect([picture.width, picture.height, picture.ptsNs]).toEqual([shot?.width, shot?.height, shot?.ptsNs]);
        expect(picture.durationNs).toBe(40_000_000n);
        expect(picture.framesPerSecond).toBe(25);
        expect(Buffer.from(picture.data).equals(Buffer.from(shot?.data ?? []))).toBe(true);
      });
    },
  );

  it("reads what GStreamer's gdppay writes, with rows padded to four bytes", () => {
    const stream = execFileSync(
      'gst-launch-1.0',
      '-q videotestsrc num-buffers=2 pattern=white ! video/x-raw,format=RGB,width=5,height=3,framerate=30000/1001 ! gdppay ! fdsink'.split(
        ' ',
      ),
      { stdio: ['ignore', 'pipe', 'ignore'] },
    );
    const pictures = read(stream, () => 13);
    expect(pictures.map(({ ptsNs }) => ptsNs)).toEqual([0n, 33_366_666n]);
    expect(pictures[0]?.framesPerSecond).toBeCloseTo(29.97, 3);
    for (const { data } of pictures) {
      expect(Buffer.from(data).equals(Buffer.alloc(5 * 3 * 3, 255))).toBe(true);
    }
  });

  it('keeps "none" apart from zero in time stamps', () => {
    const header = { type: GDP_BUFFER, payloadBytes: 12, ptsNs: null, durationNs: 0n };
    expect(readGdpHeader(writeGdpHeader(header))).toEqual(header);
  });

  it('reads a time before zero as GStreamer writes it', () => {
    const header = writeGdpHeader({ type: GDP_BUFFER, payloadBytes: 12, ptsNs: 0n, durationNs: null });
    header.writeBigInt64BE(-2_000_000_000n, 10);
    expect(readGdpHeader(header).ptsNs).toBe(-2_000_000_000n);
  });

  it('skips packets it does not need', () => {
    const stream = Buffer.concat([
      packet(64 + 51_203, Buffer.from('GstEventTag;\0')),
      packet(64 + 30_000, Buffer.alloc(0)),
      streamOf([{ width: 4, height: 1, data: Buffer.alloc(12, 9), ptsNs: 5n }]),
    ]);
    expect(read(stream, () => 3)).toHaveLength(1);
  });

  it.each([
    ['another version', Buffer.alloc(GDP_HEADER_BYTES, 2), /Expected a GDP 1\.0 packet .* received version 2\.2/],
    ['text instead of packets', Buffer.from('x'.repeat(80)), /received version 120\.120/],
    [
      'an endless event',
      writeGdpHeader({ type: 99, payloadBytes: 0xffff_ffff, ptsNs: null, durationNs: null }),
      /Expected at most 65536 bytes of caps or event .* received 4294967295/,
    ],
    ['a picture before its caps', packet(GDP_BUFFER, Buffer.alloc(12)), /Expected caps before the first picture/],
    [
      'a picture larger than its caps',
      Buffer.concat([
        caps(rawVideoCaps(rawVideo(4, 2, null))),
        writeGdpHeader({ type: GDP_BUFFER, payloadBytes: 0x7fff_ffff, ptsNs: null, durationNs: null }),
      ]),
      /Expected 24 bytes for a picture of 4×2 but received 2147483647/,
    ],
    ['a picture over the limit', caps(rawVideoCaps(rawVideo(1_000, 1_000, null))), /at most 1000000 bytes/],
    ['another format', caps('video/x-raw, format=(string)I420, width=(int)4, height=(int)4'), /Expected raw RGB video/],
    ['no width', caps('video/x-raw, format=(string)RGB, height=(int)4'), /Expected raw RGB video/],
    ['a width of zero', caps('video/x-raw, format=(string)RGB, width=(int)0, height=(int)4'), /sides from 1 to 16384/],
    ['a huge width', caps('video/x-raw, format=(string)RGB, width=(int)99999, height=(int)4'), /sides from 1 to 16384/],
    [
      'a negative width',
      caps('video/x-raw, format=(string)RGB, width=(int)-4, height=(int)4'),
      /Expected raw RGB video/,
    ],
  ])('refuses %s', (_case, stream, message) => {
    const reader = new GdpReader(LIMITS, () => undefined);
    const push = () => reader.push(stream);
    expect(push).toThrowError(expect.objectContaining({ code: 'ERR_GDP' }));
    expect(() => new GdpReader(LIMITS, () => undefined).push(stream)).toThrowError(message);
  });

  it.each(Array.from({ length: 40 }, (_, seed) => seed + 1))(
    'never does anything but give pictures or refuse with ERR_GDP when bytes are flipped (seed %i)',
    (seed) => {
      const next = seededIntegers(seed * 104_729);
      const shot = { width: 9, height: 5, data: noisePictures(seed, 9, 5, 1), ptsNs: 1n };
      const stream = streamOf([shot, { ...shot, ptsNs: 2n }]);
      for (let flips = 1 + (next() % 12); flips > 0; flips -= 1) {
        stream[next() % stream.length] = next() & 0xff;
      }
      try {
        for (const { width, height, data } of read(stream, () => 1 + (next() % 90))) {
          expect(data.byteLength).toBe(width * height * 3);
        }
      } catch (error) {
        expect(error).toMatchObject({ code: 'ERR_GDP' });
      }
    },
  );

  it('tells a pipe that ended inside a packet from one that ended after it', () => {
    const stream = streamOf([{ width: 4, height: 1, data: Buffer.alloc(12), ptsNs: 0n }]);
    expect(() => read(stream, () => stream.length)).not.toThrow();
    for (const cut of [1, 12, 40]) {
      expect(() => read(stream.subarray(0, -cut), () => 9)).toThrowError(/ended in the middle of a packet/);
    }
  });
});

describe('raw video caps', () => {
  it.each([
    [320, 180, 25],
    [161, 91, null],
    [1_280, 720, 29.97],
  ])('say and read %i×%i at %s frames a second', (width, height, framesPerSecond) => {
    expect(parseRawVideoCaps(rawVideoCaps(rawVideo(width, height, framesPerSecond)))).toEqual(
      rawVideo(width, height, framesPerSecond),
    );
  });
});
