/** Names, retention and a full disk, on real folders. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statfsSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { recordOptionsSchema } from '../../src/sink/record-options.js';
import { Storage } from '../../src/sink/storage.js';
import { scratchFolder } from '../fixtures/video-files.js';

const folder = scratchFolder('storage');
const NOW = new Date(2026, 10, 5, 9, 8, 7);
const NONE = new Set<string>();
const HOUR_MS = 3_600_000;

function storageOf(dir: string, options: object = {}): Storage {
  return new Storage(recordOptionsSchema.parse({ dir: join(folder, dir), ...options }), 'gate', '.mkv');
}

/** A file of so many bytes, finished so many hours before {@link NOW}. */
function fileOf(path: string, bytes: number, hoursAgo: number): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, Buffer.alloc(bytes));
  const seconds = NOW.getTime() / 1_000 - hoursAgo * 3_600;
  utimesSync(path, seconds, seconds);
  return path;
}

describe('names', () => {
  it('are written as strftime writes them, folders included', () => {
    const storage = storageOf('written', { name: '%Y/%m-%d/{stream}_%H%M%S_%j_100%%' });
    expect(relative(join(folder, 'written'), storage.reserve(NOW))).toBe('2026/11-05/gate_090807_309_100%.mkv');
  });

  it.each([
    ['%Q', 'a name with %Y %y %m %d %H %M %S %j %s %% or {stream}'],
    ['a%', 'a name with %Y %y %m %d %H %M %S %j %s %% or {stream}'],
    ['../%Y', 'a relative name without empty or dotted folders'],
    ['/tmp/%Y', 'a relative name without empty or dotted folders'],
    ['a//b', 'a relative name without empty or dotted folders'],
  ])('%s is refused', (name, message) => {
    expect(recordOptionsSchema.safeParse({ dir: 'x', name }).error?.issues[0]?.message).toBe(message);
  });
});

describe('retention', () => {
  it('deletes by age, never an open file nor one that is not named like ours', async () => {
    const dir = join(folder, 'age');
    const ours = ['gate-20261104-000000.mkv', 'gate-20261104-000001~2.mkv'].map((name) =>
      fileOf(join(dir, name), 1, 30),
    );
    const open = fileOf(join(dir, 'gate-20261104-000002.mkv'), 1, 30);
    const others = [
      'gate-20261104-000001-2.mkv',
      'gate-2-20261104-000000.mkv',
      'gate-20261104-000000.mp4',
      'holiday.mkv',
    ];
    for (const name of others) {
      fileOf(join(dir, name), 1, 30);
    }
    const young = fileOf(join(dir, 'gate-20261105-080000.mkv'), 1, 1);
    expect(await storageOf('age', { keepHours: 24 }).deleteExpired(new Set([open]), NOW.getTime())).toBe(2);
    expect(readdirSync(dir).sort()).toEqual([...others, basename(open), basename(young)].sort());
    expect(ours.some((path) => existsSync(path))).toBe(false);
  });

  it('deletes the oldest until the rest is small enough, and folders that are left empty', async () => {
    const dir = join(folder, 'bytes');
    for (const [day, hoursAgo] of [
      ['03', 48],
      ['04', 24],
      ['05', 0],
    ] as const) {
      fileOf(join(dir, `2026/11/${day}/gate.mkv`), 600_000, hoursAgo);
    }
    const storage = storageOf('bytes', { name: '%Y/%m/%d/{stream}', keepGigabytes: 0.0012 });
    expect(await storage.deleteExpired(NONE, NOW.getTime())).toBe(1);
    expect(readdirSync(join(dir, '2026/11')).sort()).toEqual(['04', '05']);
    expect(await storage.deleteExpired(NONE, NOW.getTime() + HOUR_MS)).toBe(0);
  });
});

describe('a disk without room', () => {
  const free = Math.floor(statfsSync(folder).bavail * statfsSync(folder).bsize * 1e-6);

  it('is said in one sentence', async () => {
    await expect(storageOf('full', { minFreeMegabytes: free + 5_000 }).ensureRoom(NONE)).rejects.toMatchObject({
      code: 'ERR_SINK_WRITE',
      message: expect.stringMatching(
        /^The disk of \S+full is full: \d+ MB are free of the \d+ that minFreeMegabytes wants; free some space, or set diskFull: delete-oldest$/,
      ),
    });
    await expect(storageOf('full', { minFreeMegabytes: 0 }).ensureRoom(NONE)).resolves.toBeUndefined();
  });

  it.skipIf(process.getuid?.() !== 0)(
    'loses its oldest files where that is wanted (a real one of 4 MB; needs root)',
    async () => {
      const dir = join(folder, 'small');
      mkdirSync(dir);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'limpid-test', dir]);
      try {
        const [first, second, third] = [3, 2, 1].map((hours) =>
          fileOf(join(dir, `gate-2026110${hours}-000000.mkv`), 1_000_000, hours),
        );
        const storage = storageOf('small', { minFreeMegabytes: 1.5, diskFull: 'delete-oldest' });
        await storage.ensureRoom(NONE);
        expect([first, second, third].map((path) => existsSync(path ?? ''))).toEqual([false, true, true]);
        fileOf(join(dir, 'foreign.bin'), 2_000_000, 0);
        await expect(storage.ensureRoom(new Set([third ?? '']), Date.now() + HOUR_MS)).rejects.toThrowError(
          /nothing is left to delete/,
        );
        expect([second, third].map((path) => existsSync(path ?? ''))).toEqual([false, true]);
      } finally {
        execFileSync('umount', [dir]);
      }
    },
  );
});
