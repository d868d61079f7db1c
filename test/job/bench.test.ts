import { execFileSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import { type BenchDeps, type BenchRequest, bench, quantile } from '../../src/job/bench.js';
import { MovingScene } from '../../src/job/bench-input.js';
import { BicubicEngine } from '../../src/job/evaluate-bicubic.js';
import { parseSize, sizeText } from '../../src/job/size.js';
import { packageFile } from '../../src/media/package-file.js';

const bicubic: BenchDeps = { openEngine: async () => new BicubicEngine(4) };

describe('bench', () => {
  it('states machine, fps, stages, quantiles and memory of every model at every size', async () => {
    const runs: BenchRequest[] = [];
    const sizes = [parseSize('32x18'), parseSize('20x30')];
    const result = await bench(
      { models: ['a', 'b'], sizes, frames: 5 },
      { ...bicubic, onRun: (run) => runs.push(run) },
    );
    expect(Object.keys(result)).toEqual(['machine', 'runs']);
    expect(result.machine).toMatch(/^.+, \d+ cores, .*\d+ GB, \w+ \w+, Node [\d.]+$/);
    expect(runs.map(({ model, engine, size }) => `${model} ${engine} ${sizeText(size)}`)).toEqual([
      'a auto 32x18',
      'a auto 20x30',
      'b auto 32x18',
      'b auto 20x30',
    ]);
    expect(result.runs.map(({ model, size, outputSize }) => `${model} ${size} ${outputSize}`)).toEqual([
      'a 32x18 128x72',
      'a 20x30 80x120',
      'b 32x18 128x72',
      'b 20x30 80x120',
    ]);
    for (const run of result.runs) {
      expect(Object.keys(run)).toEqual('model engine size outputSize fps ms p50 p95 p99 peakRssBytes'.split(' '));
      expect(run.engine).toBe('bicubic');
      expect(Object.keys(run.ms)).toEqual(['pyramid', 'restore', 'total']);
      expect(run.ms.total).toBeGreaterThanOrEqual(run.ms.restore);
      expect(run.fps).toBeGreaterThan(0);
      expect(run.p50).toBeLessThanOrEqual(run.p95);
      expect(run.p95).toBeLessThanOrEqual(run.p99);
      expect(run.peakRssBytes).toBeGreaterThan(10e6);
    }
  });

  it('feeds the engine as a stream does: one new frame prepared, then the middle of the window restored', async () => {
    const calls: string[] = [];
    const inner = new BicubicEngine(2);
    const engine: Engine = {
      spec: { kind: 'test', model: 'recording', scale: 2, window: 5, padding: 'replicate' },
      prepare: (_stream, { seq }) => calls.push(`prepare ${seq}`),
      restore: (stream, window) => {
        calls.push(`restore ${window.reference.seq} of ${window.frames.map(({ seq }) => seq).join('')}`);
        return inner.restore(stream, window);
      },
      forget: () => undefined,
      dispose: async () => {
        calls.push('dispose');
      },
    };
    const options = { models: ['recording'], sizes: [{ width: 16, height: 16 }], warmUp: 1, frames: 2 };
    await bench(options, { openEngine: async () => engine });
    expect(calls).toEqual([
      'prepare 4',
      'restore 2 of 01234',
      'prepare 5',
      'restore 3 of 12345',
      'prepare 6',
      'restore 4 of 23456',
      'dispose',
    ]);
  });

  it('measures at least three frames, however short the time', async () => {
    let restored = 0;
    const inner = new BicubicEngine(1);
    const engine: Engine = {
      spec: inner.spec,
      prepare: () => undefined,
      restore: (stream, window) => {
        restored += 1;
        return inner.restore(stream, window);
      },
      forget: () => undefined,
      dispose: async () => undefined,
    };
    const options = { models: ['x'], sizes: [{ width: 8, height: 8 }], warmUp: 0, seconds: 1e-9 };
    await bench(options, { openEngine: async () => engine });
    expect(restored).toBe(3);
  });

  it('refuses a time or a number of frames that measures nothing', async () => {
    const options = { models: ['x'], sizes: [{ width: 8, height: 8 }] };
    await expect(bench({ ...options, seconds: 0 }, bicubic)).rejects.toMatchObject({
      code: 'ERR_USAGE',
      message: 'Expected a time above 0 for --seconds but received 0',
    });
    await expect(bench({ ...options, frames: 1.5 }, bicubic)).rejects.toMatchObject({
      code: 'ERR_USAGE',
      message: 'Expected a whole number of at least 1 for --frames but received 1.5',
    });
  });
});

describe('the moving input', () => {
  it('is the same for one seed, another for another, and really moves', () => {
    const frame = (seed: number, seq: number) => new MovingScene({ width: 40, height: 24 }, seed).frame(seq).data;
    expect(frame(1, 5)).toEqual(frame(1, 5));
    expect(frame(1, 5)).not.toEqual(frame(2, 5));
    const [first, second] = [frame(1, 0), frame(1, 1)];
    // Pixel (y, x) of frame 1 is pixel (y + 1, x + 3) of frame 0.
    expect(second[(2 * 40 + 4) * 3]).toBe(first[(3 * 40 + 7) * 3]);
    expect(second).not.toEqual(first);
  });
});

describe('quantile', () => {
  it('is the nearest rank', () => {
    const sorted = Array.from({ length: 100 }, (_, i) => i + 1);
    expect([0.5, 0.95, 0.99, 1].map((q) => quantile(sorted, q))).toEqual([50, 95, 99, 100]);
    expect(quantile([7], 0.99)).toBe(7);
  });
});

describe('peakRssBytes', () => {
  it('sees memory that was used and given back within the run', () => {
    // In a process of its own: here there may be garbage as large, that makes room meanwhile.
    const script = `
      const { peakRssBytes, resetPeakRss } = await import('${pathToFileURL(packageFile('dist/job/bench-memory.js'))}');
      resetPeakRss();
      const before = peakRssBytes();
      (() => new Uint8Array(64e6).fill(1).length)();
      gc();
      console.log(peakRssBytes() - before);
    `;
    const args = ['--expose-gc', '--input-type=module', '-e', script];
    expect(Number(execFileSync(process.execPath, args, { encoding: 'utf8' }))).toBeGreaterThan(0.5 * 64e6);
  });
});

describe('parseSize', () => {
  it('reads WIDTHxHEIGHT', () => {
    expect(parseSize('320x180')).toEqual({ width: 320, height: 180 });
    expect(parseSize('1280X720')).toEqual({ width: 1280, height: 720 });
  });

  for (const text of ['', '320', '320x', 'x180', '0x180', '320x-1', '99999x10', '320x180x3']) {
    it(`refuses '${text}'`, () => {
      expect(() => parseSize(text)).toThrow(
        `Expected WIDTHxHEIGHT up to 16384x16384 (such as 320x180) for --size but received ${text}`,
      );
    });
  }
});
