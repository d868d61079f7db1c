/** The sound of files: with their pictures, whichever of the two is longer, over loops, and of files that have none. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openSource } from '../../src/source/open-source.js';
import { makeSyncClip, SYNC_FPS } from '../fixtures/av-sync.mjs';
import { packetTimesMs } from '../fixtures/ffprobe.js';
import { ffmpeg, scratchFolder } from '../fixtures/video-files.js';
import { watch } from './session.js';

const folder = scratchFolder('file-sound');
const PCM = ['-c:a', 'pcm_s16le'];
const AAC = ['-c:a', 'aac'];
const LEAD_MS = 500;
const NS_PER_MS = 1e6;

function clip(name: string, seconds: number, soundSeconds: number, audio: readonly string[]): string {
  const path = join(folder, name);
  makeSyncClip(path, { seconds, soundSeconds, width: 64, height: 48, audio });
  return path;
}

describe('the sound of a file', () => {
  it.each([
    { name: 'both.mkv', seconds: 6, soundSeconds: 6, audio: PCM, caps: /^audio\/x-raw/ },
    { name: 'both.mp4', seconds: 6, soundSeconds: 6, audio: AAC, caps: /^audio\/mpeg,.*mpegversion=\(int\)4/ },
    { name: 'shorter.mkv', seconds: 6, soundSeconds: 2, audio: PCM, caps: /^audio\/x-raw/ },
    { name: 'rare.mkv', seconds: 3, soundSeconds: 3, audio: ['-c:a', 'adpcm_ms'], caps: /^audio\/x-adpcm/ },
    { name: 'both.ts', seconds: 6, soundSeconds: 6, audio: AAC, caps: /^audio\/mpeg,.*mpegversion=\(int\)4/ },
  ])('comes whole and in step with its pictures: $name', async ({ name, seconds, soundSeconds, audio, caps }) => {
    const path = clip(name, seconds, soundSeconds, audio);
    const session = watch(openSource(path), undefined, 'sound');
    expect((await session.ended).error).toBeNull();
    expect(session.frames).toHaveLength(seconds * SYNC_FPS);
    expect(session.sound).toHaveLength(packetTimesMs(path, 'a').length);
    for (const { caps: own, ptsNs, frames } of session.sound) {
      expect(own).toMatch(caps);
      // Never before the first picture, never far ahead of the pictures, never after a later one than it has to.
      const aheadMs = Number(ptsNs - (session.frames[frames - 1]?.ptsNs ?? 0n)) / NS_PER_MS;
      expect(aheadMs).toBeLessThanOrEqual(LEAD_MS);
      expect(frames).toBeGreaterThanOrEqual(1);
    }
    const firstLateMs = Number((session.sound[0]?.ptsNs ?? 0n) - (session.frames[0]?.ptsNs ?? 0n)) / NS_PER_MS;
    expect(Math.abs(firstLateMs)).toBeLessThan(100);
  });

  it('ends with the pictures where it is longer', async () => {
    const session = watch(openSource(clip('longer.mkv', 2, 20, PCM)), undefined, 'sound');
    expect((await session.ended).error).toBeNull();
    expect(session.frames).toHaveLength(2 * SYNC_FPS);
    const lastMs = Number(session.sound.at(-1)?.ptsNs ?? 0n) / NS_PER_MS;
    expect(lastMs).toBeGreaterThan(1_900);
    expect(lastMs).toBeLessThanOrEqual(2_000 + LEAD_MS);
  });

  it('begins again with the pictures of a file that loops', async () => {
    const session = watch(openSource(clip('loop.mkv', 1, 1, PCM), { loop: true }), undefined, 'sound');
    await session.framesReach(3 * SYNC_FPS);
    session.unsubscribe();
    const rounds = session.sound.filter(({ ptsNs }, i) => ptsNs <= (session.sound[i - 1]?.ptsNs ?? ptsNs));
    expect(rounds.length).toBeGreaterThanOrEqual(3);
    // Each round's sound comes after its own first picture and before the next round's.
    for (const [round, { frames }] of rounds.entries()) {
      expect(Math.ceil(frames / SYNC_FPS)).toBe(round + 1);
    }
  });

  it('is not missed in a file that plays at its own pace', async () => {
    const source = openSource(clip('live.mkv', 2, 2, PCM), { live: true });
    const session = watch(source, undefined, 'sound');
    expect((await session.ended).error).toBeNull();
    expect(session.sound.length).toBeGreaterThan(0);
  });

  it('is nothing in a file that has none, which ends and loops all the same', async () => {
    const path = join(folder, 'silent.mkv');
    ffmpeg('-i', clip('with.mkv', 1, 1, PCM), '-map', '0:v', '-c', 'copy', path);
    const once = watch(openSource(path), undefined, 'sound');
    expect((await once.ended).error).toBeNull();
    expect(once.frames).toHaveLength(SYNC_FPS);
    expect(once.sound).toEqual([]);
    const loop = watch(openSource(path, { loop: true }), undefined, 'sound');
    await loop.framesReach(2 * SYNC_FPS + 1);
    loop.unsubscribe();
    expect(loop.sound).toEqual([]);
  });

  it('is left unread where nobody takes it', async () => {
    const session = watch(openSource(clip('unread.mkv', 1, 1, PCM)));
    expect((await session.ended).error).toBeNull();
    expect(session.frames).toHaveLength(SYNC_FPS);
  });
});
