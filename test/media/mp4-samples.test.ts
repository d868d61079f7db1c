/** The index of MP4 files that ffmpeg wrote, against what ffprobe finds in them. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Mp4Sample, mp4AudioSamples, mp4HasAudio } from '../../src/media/mp4-samples.js';
import { ffmpeg, scratchFolder, seededIntegers } from '../fixtures/video-files.js';

const folder = scratchFolder('mp4-samples');

function clip(name: string, ...output: string[]): string {
  const path = join(folder, name);
  const inputs = ['-f', 'lavfi', '-i', 'testsrc2=size=64x48:rate=10', '-f', 'lavfi', '-i', 'sine=sample_rate=44100'];
  ffmpeg(...inputs, '-t', '3', '-c:v', 'libx264', '-bf', '2', '-c:a', 'aac', ...output, path);
  return path;
}

async function samplesOf(path: string): Promise<readonly Mp4Sample[] | null> {
  const file = await open(path, 'r');
  try {
    return await mp4AudioSamples(file);
  } finally {
    await file.close();
  }
}

interface Packet {
  readonly pos: string;
  readonly size: string;
  readonly pts_time: string;
}

function packetsOf(path: string): Packet[] {
  const args = [
    '-v',
    'error',
    '-select_streams',
    'a',
    '-show_entries',
    'packet=pos,size,pts_time',
    '-of',
    'json',
    path,
  ];
  return JSON.parse(execFileSync('ffprobe', args, { encoding: 'utf8' })).packets;
}

describe('the audio samples of an MP4', () => {
  it.each([
    ['index at the end', 'end.mp4', []],
    ['index at the front', 'front.mp4', ['-movflags', 'faststart']],
    ['audio that begins later', 'late.mp4', ['-af', 'asetpts=PTS+0.7/TB']],
  ])('are where ffprobe finds them, at its times: %s', async (_what, name, output) => {
    const path = clip(name, ...output);
    const packets = packetsOf(path);
    const samples = await samplesOf(path);
    expect(samples?.map(({ offset, bytes }) => [offset, bytes])).toEqual(
      packets.map(({ pos, size }) => [Number(pos), Number(size)]),
    );
    for (const [i, { ptsNs }] of (samples ?? []).entries()) {
      // An edit list counts in milliseconds.
      expect(Math.abs(Number(ptsNs) / 1e6 - Number(packets[i]?.pts_time) * 1e3)).toBeLessThan(1);
    }
    expect(packets.length).toBeGreaterThan(90);
  });

  it('leave out what an edit list cuts off, but for what a decoder needs', async () => {
    const whole = clip('to-cut.mp4', '-g', '1000');
    const cut = join(folder, 'cut.mp4');
    ffmpeg('-ss', '1.05', '-i', whole, '-c', 'copy', cut);
    const samples = (await samplesOf(cut)) ?? [];
    const first = Number(samples[0]?.ptsNs) / 1e6;
    expect(packetsOf(cut).length).toBeGreaterThan(samples.length);
    expect(first).toBeGreaterThanOrEqual(-100);
    expect(first).toBeLessThan(0);
  });

  it('are left to GStreamer where the file is fragmented, silent or no MP4', async () => {
    const text = join(folder, 'notes.txt');
    writeFileSync(text, 'these are notes, not a film\n');
    expect(await samplesOf(clip('fragments.mp4', '-movflags', 'frag_keyframe+empty_moov'))).toBeNull();
    expect(await samplesOf(clip('silent.mp4', '-an'))).toBeNull();
    expect(await samplesOf(clip('other.mkv'))).toBeNull();
    expect(await samplesOf(text)).toBeNull();
  });

  it('of damaged files are nothing or within reason, never a crash', async () => {
    const whole = readFileSync(clip('to-damage.mp4', '-movflags', 'faststart'));
    const path = join(folder, 'damaged.mp4');
    const next = seededIntegers(11);
    const index = whole.indexOf('mdat');
    for (let round = 0; round < 300; round += 1) {
      const bytes = Buffer.from(whole);
      for (let i = 0; i < 4; i += 1) {
        bytes[next() % index] = next() % 256;
      }
      writeFileSync(path, bytes.subarray(0, round % 3 === 0 ? next() % bytes.length : bytes.length));
      const samples = await samplesOf(path);
      expect(samples === null || samples.length <= whole.length / 4).toBe(true);
    }
  });
});

describe('whether an MP4 has audio', () => {
  const hasAudio = async (path: string): Promise<boolean | null> => {
    const file = await open(path, 'r');
    try {
      return await mp4HasAudio(file);
    } finally {
      await file.close();
    }
  };

  it.each([
    ['with audio', 'has.mp4', [], true],
    ['without', 'has-none.mp4', ['-an'], false],
    ['fragmented, with audio', 'has-fragments.mp4', ['-movflags', 'frag_keyframe+empty_moov'], true],
    ['fragmented, without', 'has-none-fragments.mp4', ['-an', '-movflags', 'frag_keyframe+empty_moov'], false],
    ['Matroska', 'has.mkv', [], null],
  ])('is what its index says: %s', async (_what, name, output, expected) => {
    expect(await hasAudio(clip(name, ...output))).toBe(expected);
  });

  it('is not known of one whose index is cut off', async () => {
    const whole = readFileSync(clip('cut.mp4', '-an', '-movflags', 'faststart'));
    const path = join(folder, 'cut-off.mp4');
    for (const bytes of [0, 7, 40, 200, 600]) {
      writeFileSync(path, whole.subarray(0, bytes));
      expect(await hasAudio(path)).toBeNull();
    }
  });
});
