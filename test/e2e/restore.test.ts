/** `limpid restore` as a person runs it: what comes out against what went in, read by ffprobe and ffmpeg. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { decodeAll, probeVideo } from '../fixtures/ffprobe.js';
import { isRunning, mediaProcessesOf } from '../fixtures/processes.js';
import { ffmpeg, scratchFolder } from '../fixtures/video-files.js';
import { LimpidProcess } from './limpid-process.js';

const folder = scratchFolder('restore');
const SECONDS = 10;
/** 30 fps of which whole stretches keep every third frame only: about 19 frames a second, in no regular step. */
const VARIABLE = "select='not(mod(n,3))+mod(floor(n/40),2)'";
const TIMEOUT = { timeout: 120_000 };

/** A clip with a variable frame rate and a tone. */
function clip(name: string, audio: readonly string[], seconds = SECONDS): string {
  const path = join(folder, name);
  ffmpeg(
    ...['-f', 'lavfi', '-i', 'testsrc2=size=64x48:rate=30'],
    ...['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=44100'],
    ...['-t', String(seconds), '-vf', VARIABLE, '-fps_mode', 'vfr', '-c:v', 'libx264', '-bf', '2', ...audio, path],
  );
  return path;
}

async function restore(...args: string[]): Promise<{ readonly code: number | null; readonly stderr: string }> {
  const limpid = new LimpidProcess(['restore', ...args]);
  const { code, stderr } = await limpid.end();
  return { code, stderr };
}

/** PTS of the video in order of showing, ms. */
function times(path: string): number[] {
  return [...probeVideo(path).ptsMs].sort((one, other) => one - other);
}

/** Samples of the audio that ffmpeg decodes. */
function audioSamples(path: string): number {
  const args = ['-v', 'error', '-i', path, '-map', '0:a', '-ac', '1', '-f', 'u8', '-'];
  return execFileSync('ffmpeg', args, { maxBuffer: 1 << 28 }).length;
}

/** md5 of every audio packet, in order. (Side data, what a decoder leaves out at the end, stands behind it.) */
function audioPackets(path: string): string[] {
  const args = ['-v', 'error', '-i', path, '-map', '0:a', '-c', 'copy', '-f', 'framemd5', '-'];
  const lines = execFileSync('ffmpeg', args, { encoding: 'utf8' }).split('\n');
  return lines.filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.split(',')[5]?.trim() ?? '');
}

function expectSameTimes(restored: string, source: string): void {
  const expected = times(source);
  const received = times(restored);
  expect(received).toHaveLength(expected.length);
  // Matroska counts in milliseconds: a time between two of them may go either way.
  expect(Math.max(...received.map((at, index) => Math.abs(at - (expected[index] ?? Number.NaN))))).toBeLessThan(1);
}

describe('restore of a 10-second clip with audio and a variable frame rate', () => {
  const aac = ['-c:a', 'aac'];
  it.each([
    { input: 'aac.mkv', output: 'restored-aac.mkv', audio: aac },
    { input: 'aac-to-mp4.mkv', output: 'restored-aac.mp4', audio: aac },
    // ffmpeg's edit list lets the audio begin a packet before 0: GStreamer's demuxer would withhold the last one.
    { input: 'aac.mp4', output: 'restored-mp4.mp4', audio: aac },
    { input: 'mp3.mp4', output: 'restored-mp4.mkv', audio: ['-c:a', 'libmp3lame'] },
    { input: 'opus.mkv', output: 'restored-opus.mkv', audio: ['-c:a', 'libopus'] },
    { input: 'opus-to-mp4.mkv', output: 'restored-opus.mp4', audio: ['-c:a', 'libopus'] },
    { input: 'vorbis.mkv', output: 'restored-vorbis.mkv', audio: ['-c:a', 'libvorbis', '-ac', '2'] },
    { input: 'flac.mkv', output: 'restored-flac.mkv', audio: ['-c:a', 'flac'] },
    { input: 'pcm.mkv', output: 'restored-pcm.mkv', audio: ['-c:a', 'pcm_s16le'] },
    { input: 'mp3.mkv', output: 'restored-mp3.mp4', audio: ['-c:a', 'libmp3lame'] },
  ])('keeps frames, times and every byte of audio: $input to $output', TIMEOUT, async ({ input, output, audio }) => {
    const source = clip(input, audio);
    const restored = join(folder, output);
    const { code, stderr } = await restore(source, restored, '--model', 'bypass');
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringMatching(/audio as it was/) });
    expect(times(source).length).toBeGreaterThan(150);
    expectSameTimes(restored, source);
    expect(audioPackets(restored)).toEqual(audioPackets(source));
    expect(audioPackets(source).length).toBeGreaterThan(90);
    expect(probeVideo(restored)).toMatchObject({ codec: 'h264', width: 256, height: 192, pixelFormat: 'yuv420p' });
    expect(decodeAll(restored)).toEqual({ frames: times(source).length, complaints: '' });
    expect(mediaProcessesOf()).toEqual([]);
  });

  it('plays Opus from its beginning in MP4 as in Matroska', TIMEOUT, async () => {
    const source = clip('opus-short.mkv', ['-c:a', 'libopus'], 1);
    const restored = join(folder, 'opus-short.mp4');
    const { code, stderr } = await restore(source, restored, '--model', 'bypass');
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringMatching(/audio as it was/) });
    // Only Matroska says what to leave out at the end, less than a packet of 20 ms.
    const more = audioSamples(restored) - audioSamples(source);
    expect(more).toBeGreaterThanOrEqual(0);
    expect(more).toBeLessThan(960);
  });

  it('restores through the network', TIMEOUT, async () => {
    const source = clip('network.mkv', aac, 1);
    const restored = join(folder, 'network-out.mkv');
    expect((await restore(source, restored, '--model', 'live-x4')).code).toBe(0);
    expectSameTimes(restored, source);
    expect(audioPackets(restored)).toEqual(audioPackets(source));
  });
});

describe('restore ended early', () => {
  it('leaves a playable file at Ctrl-C, and says 130', TIMEOUT, async () => {
    const source = clip('interrupted.mkv', ['-c:a', 'aac'], 60);
    const restored = join(folder, 'interrupted-out.mp4');
    const limpid = new LimpidProcess(['restore', source, restored, '--model', 'live-x4']);
    await expect.poll(() => existsSync(restored) && readFileSync(restored).length > 0, { timeout: 60_000 }).toBe(true);
    expect(await limpid.stop('SIGINT')).toBe(130);
    expect(limpid.stderr).toMatch(/interrupted: \d+ frames in /);
    const { frames, complaints } = decodeAll(restored);
    expect(complaints).toBe('');
    expect(frames).toBeGreaterThan(0);
    expect(frames).toBeLessThan(times(source).length);
    const expected = times(source);
    times(restored).forEach((at, index) => {
      expect(Math.abs(at - (expected[index] ?? Number.NaN))).toBeLessThan(1);
    });
    expect(audioPackets(source).slice(0, audioPackets(restored).length)).toEqual(audioPackets(restored));
  });

  it('ends at once at a second Ctrl-C, by the signal itself', TIMEOUT, async () => {
    const source = clip('forced.mkv', ['-an'], 60);
    for (const pauseMs of [0, 40]) {
      const restored = join(folder, `forced-out-${pauseMs}.mkv`);
      const limpid = new LimpidProcess(['restore', source, restored, '--model', 'live-x4']);
      await expect.poll(() => existsSync(restored) && statSync(restored).size > 0, { timeout: 60_000 }).toBe(true);
      // Its file can't be finished before the second one comes.
      const stuck = mediaProcessesOf(limpid.pid);
      for (const pid of stuck) {
        process.kill(pid, 'SIGSTOP');
      }
      try {
        process.kill(limpid.pid, 'SIGINT');
        // Of two that come before it has had a core it would see one.
        await limpid.line(/^SIGINT: finishing/);
        await pause(pauseMs);
        process.kill(limpid.pid, 'SIGINT');
        await limpid.end();
      } finally {
        for (const pid of stuck.filter(isRunning)) {
          process.kill(pid, 'SIGKILL');
        }
      }
      expect(limpid.signal).toBe('SIGINT');
      // After ten seconds, as a slow machine may need, it states its progress as well.
      const said = limpid.stderr.split('\n').filter((line) => !/^\d+ %, /.test(line));
      expect(said).toEqual([expect.stringMatching(/^SIGINT: finishing .* \(again to force\)$/)]);
    }
  });

  it('finishes what a truncated file still holds, and says so', TIMEOUT, async () => {
    const whole = clip('whole.mp4', ['-c:a', 'aac', '-movflags', 'faststart'], 3);
    const source = join(folder, 'truncated.mp4');
    const bytes = readFileSync(whole);
    writeFileSync(source, bytes.subarray(0, Math.floor(bytes.length * 0.6)));
    const restored = join(folder, 'truncated-out.mkv');
    const { code, stderr } = await restore(source, restored, '--model', 'bypass');
    const { frames, complaints } = decodeAll(restored);
    expect(complaints).toBe('');
    expect(frames).toBeGreaterThan(5);
    expect(frames).toBeLessThan(times(whole).length);
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /truncated\.mp4 says it lasts 3\.\d s but its last picture is at \d\.\d s: it may be cut off/,
    );
  });
});

describe('restore refuses in one sentence', () => {
  const source = (): string => {
    const path = join(folder, 'small.mkv');
    return existsSync(path) ? path : clip('small.mkv', ['-c:a', 'libvorbis', '-ac', '2'], 0.5);
  };
  const silent = (): string => {
    const path = join(folder, 'tone.mka');
    ffmpeg('-f', 'lavfi', '-i', 'sine', '-t', '0.2', '-c:a', 'flac', path);
    return path;
  };
  const text = (): string => {
    const path = join(folder, 'notes.mkv');
    writeFileSync(path, 'these are notes, not a film\n');
    return path;
  };
  const alac = (): string => {
    const path = join(folder, 'alac.mkv');
    return existsSync(path) ? path : clip('alac.mkv', ['-c:a', 'alac'], 0.5);
  };
  const textAsMp4 = (): string => {
    const path = join(folder, 'text.mp4');
    writeFileSync(path, 'these are notes, not a film\n');
    return path;
  };
  const file = (): string => {
    const path = join(folder, 'file');
    writeFileSync(path, 'mine');
    return path;
  };
  const existing = (): string => {
    const path = join(folder, 'there.mkv');
    writeFileSync(path, 'mine');
    return path;
  };
  const absent = join(folder, 'absent.mp4');
  it.each([
    ['a file that is not there', () => absent, 'o.mkv', 1, `at ${absent} but nothing is there; check the path`],
    ['a file without video', silent, 'o.mkv', 1, 'check that it has video'],
    ['a file that is no video', text, 'o.mkv', 1, 'is not a video that GStreamer can read'],
    ['an extension it does not write', source, 'o.avi', 2, 'Limpid writes no .avi'],
    ['Vorbis in MP4', source, 'o.mp4', 1, "can't keep Vorbis audio in .mp4 as it is; use .mkv, or --no-audio"],
    ['ALAC in Matroska', alac, 'o.mkv', 1, "can't keep ALAC audio in .mkv as it is; use --no-audio"],
    ['ALAC of Matroska in MP4', alac, 'o.mp4', 1, "can't keep ALAC audio in .mp4 as it is; use --no-audio"],
    ['a text by the name of a video', textAsMp4, 'o.mkv', 1, `limpid: ${join(folder, 'text.mp4')} is not a video that`],
    ['an output below a file', source, () => join(file(), 'x.mkv'), 1, 'x.mkv but it is a file; choose another name'],
    ['a folder that is a file', source, () => `${file()}/`, 1, 'but it is a file; choose another name'],
    ['an output that exists', source, existing, 1, 'exists already; choose another name, or --overwrite'],
    ['the input as output', source, source, 2, 'Expected an output other than the input'],
    [
      'a folder that can not be written',
      source,
      () => '/proc/limpid/o.mkv',
      1,
      'Expected a folder that can be written',
    ],
    ['one picture for a clip', source, 'o.png', 2, 'one picture is for one picture'],
  ])('%s', TIMEOUT, async (_what, input, output, exitCode, sentence) => {
    const path = typeof output === 'string' ? join(folder, output) : output();
    const before = existsSync(path) ? readFileSync(path) : null;
    const { code, stderr } = await restore(input(), path, '--model', 'bypass');
    expect(stderr).toContain(sentence);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(code).toBe(exitCode);
    expect(existsSync(path) ? readFileSync(path) : null).toEqual(before);
  });
});

describe('restore to a folder of PNGs', () => {
  it('goes on where it was begun, neighbours in view, and writes the same pictures', TIMEOUT, async () => {
    const source = clip('resumed.mkv', ['-an'], 0.5);
    const out = join(folder, 'frames');
    expect((await restore(source, out, '--model', 'live-x4')).code).toBe(0);
    const names = readdirSync(out).filter((name) => name.endsWith('.png'));
    expect(names).toHaveLength(times(source).length);
    expect(names[0]).toBe('00000000.png');
    const whole = names.map((name) => readFileSync(join(out, name)));

    // One is gone, one is cut, one is of another size: those three are restored again.
    rmSync(join(out, names[1] ?? ''));
    writeFileSync(join(out, names[2] ?? ''), (whole[2] ?? Buffer.alloc(0)).subarray(0, 300));
    ffmpeg('-f', 'lavfi', '-i', 'color=size=16x16', '-frames:v', '1', '-pix_fmt', 'rgb24', join(out, names[4] ?? ''));
    const { code, stderr } = await restore(source, out, '--model', 'live-x4');
    expect(code).toBe(0);
    expect(stderr).toContain(`${names.length - 3} of them were there already`);
    expect(
      names.map((name) => readFileSync(join(out, name)).equals(whole[names.indexOf(name)] ?? Buffer.alloc(0))),
    ).toEqual(names.map(() => true));

    const other = await restore(source, out, '--model', 'bypass');
    expect(other.stderr).toContain('Expected frames of model bypass');
    expect(other.code).toBe(1);
  });
});
