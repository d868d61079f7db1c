import { describe, expect, it } from 'vitest';
import { benchTable, evaluateTable } from '../../src/job/table.js';

describe('tables for the terminal', () => {
  it('show an evaluation clip by clip, then the mean', () => {
    const text = evaluateTable({
      model: 'live-x4',
      channel: 'rgb',
      crop: 0,
      clips: [
        { name: 'calendar', frames: 41, psnr: 20.123456, ssim: 0.57 },
        { name: 'city', frames: 34, psnr: 25.2, ssim: 0.6123 },
      ],
      mean: { psnr: 22.661728, ssim: 0.59115 },
    });
    expect(text.split('\n')).toEqual([
      'live-x4   frames  PSNR RGB dB     SSIM',
      'calendar      41       20.123  0.57000',
      'city          34       25.200  0.61230',
      'mean          75       22.662  0.59115',
    ]);
  });

  it('show a benchmark run by run, below the machine', () => {
    const run = {
      model: 'live-x4',
      engine: 'onnxruntime',
      size: '320x180',
      outputSize: '1280x720',
      fps: 12.5,
      ms: { pyramid: 20, restore: 58.25, total: 80 },
      p50: 79,
      p95: 88,
      p99: 95,
      peakRssBytes: 400 * 2 ** 20,
    };
    expect(benchTable({ machine: 'a machine', runs: [run] }).split('\n')).toEqual([
      'a machine',
      'run                              engine    fps  pyramid ms  restore ms  total ms   p50   p95   p99  peak MiB',
      'live-x4 320x180 → 1280x720  onnxruntime  12.50        20.0        58.3      80.0  79.0  88.0  95.0       400',
    ]);
  });
});
